// Package folder reads the small files of a model's folder, as it is downloaded from Hugging Face.
// Such a file comes from anywhere: none is read that is larger than it can honestly be, and the stand-in that git leaves where a large file was
// not fetched is told from the file.
package folder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// MaxConfig is how many bytes a file of settings may have.
	MaxConfig = 4 << 20
	// MaxVocabulary is how many bytes a file with a vocabulary may have: those of a million pieces have some 40 MB.
	MaxVocabulary = 128 << 20
)

// ErrPointer is a file that git-lfs would have replaced by the real one.
var ErrPointer = errors.New("is a pointer of git-lfs and not the file itself: run git lfs pull in the folder, or download the file")

// Read returns what a file in dir holds. It fails with fs.ErrNotExist where there is none, and where it has more than limit bytes.
func Read(dir, name string, limit int64) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%s has more than %d bytes, which no such file should have", f.Name(), limit)
	case IsPointer(data):
		return nil, fmt.Errorf("%s %w", f.Name(), ErrPointer)
	}
	return data, nil
}

// JSON reads a file of settings into v. It reports whether there is one: a file that does not exist is no error.
func JSON(dir, name string, v any) (bool, error) {
	data, err := Read(dir, name, MaxConfig)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fmt.Errorf("%s: %w", filepath.Join(dir, filepath.FromSlash(name)), err)
	}
	return true, nil
}

// IsPointer tells whether a file that begins with these bytes is the stand-in of git-lfs.
func IsPointer(data []byte) bool {
	return bytes.HasPrefix(data, []byte("version https://git-lfs"))
}
