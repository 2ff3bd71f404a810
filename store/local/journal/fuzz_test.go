package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"
)

// FuzzReplay opens a folder of two files with any bytes in them: nothing is read beyond them, and what opens once opens
// again with the same entries. The checksums are made to fit, so that what they guard is tried as well.
func FuzzReplay(f *testing.F) {
	disk := newFake()
	j, err := open("", disk, small)
	if err != nil {
		f.Fatal(err)
	}
	k, err := keep(j)
	if err != nil {
		f.Fatal(err)
	}
	for n := range 5 {
		if err := k.commit(put(1, fmt.Sprint(n), long(n, 40*n)), remove(1, "1"), drop(2)); err != nil {
			f.Fatal(err)
		}
	}
	if err := k.Close(); err != nil {
		f.Fatal(err)
	}
	first, second := disk.files[segmentName(1)], disk.files[segmentName(2)]
	for _, fit := range []bool{true, false} {
		f.Add(first.b[:first.length], second.b[:second.length], fit)
		f.Add(second.b[:second.length], first.b[:first.length], fit)
		f.Add(first.b[:first.length], second.b[:second.length-9], fit)
		f.Add([]byte(magic), []byte{}, fit)
	}
	f.Fuzz(func(t *testing.T, one, two []byte, fit bool) {
		if fit {
			one, two = fitted(one), fitted(two)
		}
		files := map[string][]byte{manifestName: manifest{1, 2}.encode(), segmentName(1): one, segmentName(2): two}
		disk := newFake()
		for name, b := range files {
			disk.files[name] = &fakeFile{folder: disk, name: name, heapFile: heapFile{append([]byte(nil), b...), int64(len(b))}}
		}
		var before []string
		for round := range 3 {
			j, err := open("", disk, small)
			if err != nil {
				if round > 0 {
					t.Fatal(err)
				}
				return
			}
			var entries []string
			err = j.Replay(func(e Entry) error {
				if len(e.Key)+len(e.Value) > len(one)+len(two) {
					t.Fatalf("an entry of %d and %d bytes", len(e.Key), len(e.Value))
				}
				if string(j.Read(e.Location)) != string(e.Value) {
					t.Fatalf("%+v reads %q", e, j.Read(e.Location))
				}
				entries = append(entries, fmt.Sprintf("%+v", e))
				return nil
			})
			if err != nil {
				if round > 0 {
					t.Fatal(err)
				}
				return
			}
			if round > 0 && fmt.Sprint(entries) != fmt.Sprint(before) {
				t.Fatalf("got %s\nat first %s", entries, before)
			}
			before = entries
			if round == 1 {
				if locations, err := j.Commit([]Mutation{put(3, "key", "value")}); err != nil || string(j.Read(locations[0])) != "value" {
					t.Fatal(err)
				}
				before = append(before, "")
				_ = j.Replay(func(e Entry) error { before[len(before)-1] = fmt.Sprintf("%+v", e); return nil })
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// fitted makes the checksums of a file fit what they guard.
func fitted(b []byte) []byte {
	if b = append([]byte(nil), b...); len(b) < fileHeaderBytes {
		return b
	}
	binary.LittleEndian.PutUint32(b[36:], crc32.Checksum(b[:36], castagnoli))
	mark := binary.LittleEndian.Uint64(b[24:])
	for at := fileHeaderBytes; ; {
		f, ok := parseFrame(b, at, mark)
		if !ok {
			return b
		}
		binary.LittleEndian.PutUint32(b[at+8:], crc32.Checksum(b[at+12:at+f.size()], castagnoli))
		at += f.size()
	}
}

// FuzzManifest reads any manifest.
func FuzzManifest(f *testing.F) {
	f.Add(manifest{1, 2}.encode())
	f.Add([]byte("akin journal\nformat 2\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseManifest(b); err == nil && (string(m.encode()) != string(b) || m.first > m.last) {
			t.Fatalf("%q is read as %+v", b, m)
		}
	})
}
