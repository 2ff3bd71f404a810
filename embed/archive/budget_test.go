package archive

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
)

// TestBombsTogether has entries each of which is small enough, and which are too much together.
func TestBombsTogether(t *testing.T) {
	var data bytes.Buffer
	w := zip.NewWriter(&data)
	const entries, size = 40, 64 << 10
	for i := range entries {
		f, err := w.Create(fmt.Sprintf("%d.txt", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b := &Budget{packed: func() int64 { return 1000 }, entryFloor: size, totalFloor: 10 * size}
	read, refused := 0, 0
	for e, err := range b.Zip(bytes.NewReader(data.Bytes()), int64(data.Len())) {
		if err == nil {
			_, err = io.Copy(io.Discard, e.Body)
		}
		if errors.Is(err, ErrBomb) {
			refused++
		} else if err == nil {
			read++
		}
	}
	// 10 entries and 200 times 1000 bytes.
	if want := 13; read != want || refused != entries-want {
		t.Errorf("%d entries were read and %d refused, want %d and %d", read, refused, want, entries-want)
	}
}

// TestDirectoryIsBounded has an archive whose end says that its directory is larger than memory.
func TestDirectoryIsBounded(t *testing.T) {
	var data bytes.Buffer
	w := zip.NewWriter(&data)
	for i := range 70_000 { // which needs the end record of 64 bits
		if _, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := zipEntries(bytes.NewReader(data.Bytes()), int64(data.Len())); n != 70_000 || err != nil {
		t.Errorf("%d entries, %v; want 70000", n, err)
	}
	end := bytes.LastIndex(data.Bytes(), []byte("PK\x06\x06"))
	data.Bytes()[end+32+3] = 0x7f // the highest byte of four
	b := NewBudget(func() int64 { return int64(data.Len()) })
	for _, err := range b.Zip(bytes.NewReader(data.Bytes()), int64(data.Len())) {
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("got %v, want %v", err, ErrTooLarge)
		}
	}
}
