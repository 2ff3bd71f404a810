package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"good.json": `{"size": 3}`, "bad.json": `{"size": "three"`, "pointer.json": "version https://git-lfs.github.com/spec/v1\n", "inner/x.json": `{"size": 4}`,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	var v struct{ Size int }
	if found, err := JSON(dir, "good.json", &v); !found || err != nil || v.Size != 3 {
		t.Errorf("found %t, error %v, %+v", found, err, v)
	}
	if found, err := JSON(dir, "inner/x.json", &v); !found || err != nil || v.Size != 4 {
		t.Errorf("found %t, error %v, %+v", found, err, v)
	}
	if found, err := JSON(dir, "missing.json", &v); found || err != nil {
		t.Errorf("a file that does not exist: found %t, error %v", found, err)
	}
	if _, err := JSON(dir, "bad.json", &v); err == nil || !strings.Contains(err.Error(), "bad.json") {
		t.Errorf("error %v, want one that names the file", err)
	}
	if _, err := JSON(dir, "pointer.json", &v); !errors.Is(err, ErrPointer) {
		t.Errorf("error %v, want ErrPointer", err)
	}
	if _, err := Read(dir, "missing.json", 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want fs.ErrNotExist", err)
	}
	if data, err := Read(dir, "good.json", 11); err != nil || len(data) != 11 {
		t.Errorf("%d bytes, error %v: a file of as many bytes as the limit is read", len(data), err)
	}
	if _, err := Read(dir, "good.json", 10); err == nil || !strings.Contains(err.Error(), "more than 10 bytes") {
		t.Errorf("error %v, want that the file is too large", err)
	}
}
