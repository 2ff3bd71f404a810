package journal

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
)

// manifest says which files there are, so that a missing one is missed. It is a text of four lines:
//
//	akin journal
//	format 1
//	files 3 to 7
//	crc32c 01234567
//
// The checksum is that of the lines above it.
type manifest struct {
	first, last uint32 // 1 and 0 when no file was made yet
}

const (
	manifestName = "journal"
	maxManifest  = 1 << 10
)

func (m manifest) encode() []byte {
	b := fmt.Appendf(nil, "akin journal\nformat %d\nfiles %d to %d\n", formatVersion, m.first, m.last)
	return fmt.Appendf(b, "crc32c %08x\n", crc32.Checksum(b, castagnoli))
}

func readManifest(folder folder) (manifest, error) {
	b, err := folder.read(manifestName, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return manifest{first: 1}, nil
	}
	if err != nil {
		return manifest{}, err
	}
	return parseManifest(b)
}

func parseManifest(b []byte) (m manifest, err error) {
	var format uint64
	// What a newer version writes behind its number is not for this one to read.
	if n, _ := fmt.Sscanf(string(b), "akin journal\nformat %d\n", &format); n == 1 && format > formatVersion {
		return m, fmt.Errorf("%w: format %d, known up to %d", ErrFormat, format, formatVersion)
	}
	_, err = fmt.Sscanf(string(b), "akin journal\nformat 1\nfiles %d to %d\n", &m.first, &m.last)
	if err != nil || string(m.encode()) != string(b) || m.first == 0 || m.first > m.last || m.last == math.MaxUint32 {
		return m, &Damage{manifestName, 0, "it cannot be read"}
	}
	return m, nil
}

// writeManifest replaces the manifest. When it fails either of the two may be on the disk.
func writeManifest(folder folder, m manifest) error {
	if err := writeFile(folder, manifestName+temporarySuffix, m.encode()); err != nil {
		_ = folder.remove(manifestName + temporarySuffix) // Open would remove it, too
		return err
	}
	if err := folder.rename(manifestName+temporarySuffix, manifestName); err != nil {
		return err
	}
	return folder.sync()
}

func writeFile(folder folder, name string, b []byte) error {
	f, err := folder.create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// unlisted returns what a kill between two steps may leave: unfinished files, a file that Compact was done with, and a
// next file without a frame. One with frames should be there no more than a listed one be missing.
func unlisted(folder folder, list manifest) (leftovers []string, err error) {
	names, err := folder.names()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		number, temporary, ok := parseName(name)
		if !ok || !temporary && number >= list.first && number <= list.last {
			continue
		}
		if !temporary && number > list.last {
			frames, err := hasFrames(folder, name)
			if err != nil {
				return nil, err
			}
			if frames {
				return nil, &Damage{name, 0, fmt.Sprintf("the list of files ends with number %d", list.last)}
			}
		}
		leftovers = append(leftovers, name)
	}
	return leftovers, nil
}

func hasFrames(folder folder, name string) (bool, error) {
	f, err := folder.open(name)
	if err != nil {
		return false, err
	}
	size, err := f.size()
	return size > fileHeaderBytes, errors.Join(err, f.Close())
}
