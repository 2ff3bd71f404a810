package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// written makes a folder of several small files, and returns what is in it after each commit.
func written(t *testing.T, dir string, closed bool) (states []map[place]string) {
	t.Helper()
	k := opened(t, dir, small)
	state := map[place]string{}
	states = append(states, maps.Clone(state))
	for n := range 9 {
		batch := []Mutation{put(1, fmt.Sprint("key", n), long(n, 40*n)), put(1, "last", fmt.Sprint(n)), remove(1, fmt.Sprint("key", n-4))}
		must(t, k.commit(batch...))
		for _, m := range batch {
			if m.Kind == Put {
				state[place{1, string(m.Key)}] = string(m.Value)
			} else {
				delete(state, place{1, string(m.Key)})
			}
		}
		states = append(states, maps.Clone(state))
	}
	if k.Stats().Files < 3 {
		t.Fatalf("%+v", k.Stats())
	}
	if closed {
		must(t, k.Close())
	}
	return states
}

func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	files := map[string][]byte{}
	for _, e := range entries {
		files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
	}
	return files
}

// look puts files on a disk, and returns what a journal reads from them.
func look(files map[string][]byte) (values map[place]string, stats Stats, err error) {
	disk := newFake()
	for name, b := range files {
		f := &fakeFile{folder: disk, name: name}
		f.b, f.length = slices.Clone(b), int64(len(b))
		disk.files[name] = f
	}
	j, err := open("", disk, small)
	if err != nil {
		return nil, Stats{}, err
	}
	defer j.Close()
	k, err := keep(j)
	return k.values(), j.Stats(), err
}

func lastOf(files map[string][]byte) string {
	return slices.Max(slices.DeleteFunc(slices.Collect(maps.Keys(files)), func(name string) bool { return !strings.HasSuffix(name, segmentSuffix) }))
}

// damaged holds that an error is ErrCorrupt and names the file.
func damaged(t *testing.T, err error, file string) {
	t.Helper()
	var damage *Damage
	if !errors.Is(err, ErrCorrupt) || !errors.As(err, &damage) || damage.File != file {
		t.Errorf("%s is damaged, and the error is: %v", file, err)
	}
}

// TestCut cuts each file at each byte. Of the last file the whole commits are kept; any other that is shorter is damaged.
func TestCut(t *testing.T) {
	for _, closed := range []bool{true, false} {
		dir := t.TempDir()
		states := written(t, dir, closed)
		files := contents(t, dir)
		delete(files, lockName)
		last := lastOf(files)
		total := int64(-len(files[manifestName]))
		for _, b := range files {
			total += int64(len(b))
		}
		for name, whole := range files {
			before := 0
			for n := range len(whole) + 1 {
				files[name] = whole[:n]
				got, stats, err := look(files)
				switch {
				case name == last && n >= fileHeaderBytes, n == len(whole):
					if err != nil {
						t.Fatalf("%s cut at %d: %v", name, n, err)
					}
					if stats.Bytes+stats.CutBytes != total-int64(len(whole)-n) {
						t.Errorf("%s cut at %d: %+v of %d bytes", name, n, stats, total)
					}
					now := slices.IndexFunc(states, func(s map[place]string) bool { return cmp.Equal(s, got, cmp.AllowUnexported(place{})) })
					if now < before || n == len(whole) && now != len(states)-1 {
						t.Fatalf("%s cut at %d: state %d, after state %d of %d, with %v", name, n, now, before, len(states), got)
					}
					before = now
				default:
					damaged(t, err, name)
				}
			}
			files[name] = whole
		}
	}
}

// TestFlip flips each byte of each file. It is found, but in the last frame. That one is empty when the journal was
// closed, and else looks as if it was being written.
func TestFlip(t *testing.T) {
	for _, closed := range []bool{true, false} {
		dir := t.TempDir()
		states := written(t, dir, closed)
		files := contents(t, dir)
		delete(files, lockName)
		last := lastOf(files)
		lastFrame, got := 0, states[len(states)-1]
		for name, whole := range files {
			for n := range whole {
				for _, bits := range []byte{1, 0x80, 0xff} {
					files[name] = slices.Clone(whole)
					files[name][n] ^= bits
					values, _, err := look(files)
					if err != nil {
						if errors.Is(err, ErrFormat) && name == manifestName {
							continue
						}
						damaged(t, err, name)
						continue
					}
					if name != last {
						t.Fatalf("byte %d of %s is another, and nobody notices", n, name)
					}
					if lastFrame == 0 {
						lastFrame, got = n, values
					}
					if !cmp.Equal(values, got, cmp.AllowUnexported(place{})) {
						t.Fatalf("byte %d of %s is another, and it reads %v, not %v", n, name, values, got)
					}
				}
			}
			files[name] = whole
		}
		want, at := states[len(states)-1], len(files[last])-frameHeaderBytes
		if !closed {
			want, at = states[len(states)-2], len(files[last])-frameHeaderBytes-int(entrySize(4, 8*40)+entrySize(4, 1)+entrySize(4, 0))
		}
		if lastFrame != at || !cmp.Equal(want, got, cmp.AllowUnexported(place{})) {
			t.Errorf("closed %t: the first byte that may be another is %d of %d, want %d; then it reads %v, want %v", closed, lastFrame, len(files[last]), at, got, want)
		}
	}
}

// TestDamage does to a folder what neither a kill nor a failing disk does.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	states := written(t, dir, true)
	whole := contents(t, dir)
	last := lastOf(whole)
	end := len(whole[last])
	one, two := segmentName(1), segmentName(2)
	for _, c := range []struct {
		name   string
		damage func(files map[string][]byte)
		file   string // that the error names; "" when all is read as it was
		cut    int64
	}{
		{"nothing", func(map[string][]byte) {}, "", 0},
		{"the first file is missing", func(f map[string][]byte) { delete(f, one) }, one, 0},
		{"a file between is missing", func(f map[string][]byte) { delete(f, two) }, two, 0},
		{"the last file is missing", func(f map[string][]byte) { delete(f, last) }, last, 0},
		{"the manifest is missing", func(f map[string][]byte) { delete(f, manifestName) }, one, 0},
		{"all but the manifest is missing", func(f map[string][]byte) {
			maps.DeleteFunc(f, func(n string, _ []byte) bool { return n != manifestName })
		}, one, 0},
		{"two files have changed places", func(f map[string][]byte) { f[one], f[two] = f[two], f[one] }, one, 0},
		{"a file is there that is not on the list", func(f map[string][]byte) { f["00000099.log"] = f[last] }, "00000099.log", 0},
		{"a next file has frames", func(f map[string][]byte) { f[segmentName(uint32(len(f)))] = f[last] }, segmentName(uint32(len(whole) - 1)), 0},
		{"a next file has none, as after a kill", func(f map[string][]byte) { f[segmentName(uint32(len(f)))] = f[last][:fileHeaderBytes] }, "", 0},
		{"unfinished files, as after a kill", func(f map[string][]byte) { f["00000099.log.tmp"], f["journal.tmp"] = nil, []byte("akin") }, "", 0},
		{"a file that compacting was done with, as after a kill", func(f map[string][]byte) {
			f[manifestName] = manifest{2, uint32(len(f) - 1)}.encode()
			f[one] = []byte("no matter what")
		}, "", -1},
		{"a file has a longer end", func(f map[string][]byte) { f[one] = append(slices.Clone(f[one]), make([]byte, 8)...) }, one, 0},
		{"the last file has a longer end of zeros", func(f map[string][]byte) { f[last] = append(slices.Clone(f[last]), make([]byte, 5000)...) }, "", 5000},
		{"the last file has a longer end of anything", func(f map[string][]byte) { f[last] = append(slices.Clone(f[last]), long(1, 5001)...) }, "", 5001},
		{"a frame is there twice", func(f map[string][]byte) { f[one] = append(slices.Clone(f[one]), f[one][fileHeaderBytes:]...) }, one, 0},
		{"the last two frames are damaged", func(f map[string][]byte) {
			b := slices.Clone(f[last])
			b[end-1] ^= 1
			b[end-frameHeaderBytes-1] ^= 1
			f[last] = b
		}, last, 0},
		{"the last frame is one further than it has to be", func(f map[string][]byte) {
			f[last] = slices.Clone(f[last])
			resumFrame(f[last], end-frameHeaderBytes, func(header []byte) { header[24]++ })
		}, last, 0},
		{"an entry of no kind has a checksum that fits", func(f map[string][]byte) {
			f[one] = slices.Clone(f[one])
			f[one][fileHeaderBytes+frameHeaderBytes] = 7
			resumFrame(f[one], fileHeaderBytes, func([]byte) {})
		}, one, 0},
		{"a frame says more entries than it has", func(f map[string][]byte) {
			f[one] = slices.Clone(f[one])
			resumFrame(f[one], fileHeaderBytes, func(header []byte) { header[12]++ })
		}, one, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(whole)
			delete(files, lockName)
			c.damage(files)
			got, stats, err := look(files)
			if c.file != "" {
				damaged(t, err, c.file)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.cut < 0 {
				return
			}
			if diff := cmp.Diff(states[len(states)-1], got, cmp.AllowUnexported(place{})); diff != "" || stats.CutBytes != c.cut {
				t.Errorf("%+v, -want +got:\n%s", stats, diff)
			}
		})
	}
}

// resumFrame changes the header of a frame, and makes its checksum fit.
func resumFrame(file []byte, at int, change func(header []byte)) {
	header := file[at : at+frameHeaderBytes]
	change(header)
	f, _ := parseFrame(file, at, binary.LittleEndian.Uint64(header))
	binary.LittleEndian.PutUint32(header[8:], crc32.Checksum(file[at+12:at+f.size()], castagnoli))
}

// TestTorn looks at frames of which only a part was written, in a journal whose last commit was one before.
func TestTorn(t *testing.T) {
	stored := func(disk *fake) *keeper {
		j, err := open("", disk, Options{})
		must(t, err)
		k, err := keep(j)
		must(t, err)
		must(t, k.commit(put(1, "a", "b")))
		return k
	}
	disk := newFake()
	k := stored(disk)
	file := disk.files[segmentName(1)]
	before := slices.Clone(file.b[:file.length])
	// A user may put what is the file of a journal, even of this one.
	must(t, k.commit(put(1, "c", string(before)), put(1, "d", long(1, 500))))
	whole := slices.Clone(file.b[:file.length])
	at := len(before)
	zero := func(b []byte, from, to int) []byte {
		b = slices.Clone(b)
		clear(b[from:to])
		return b
	}
	more := append(slices.Clone(whole), make([]byte, 4096)...)
	for _, c := range []struct {
		name string
		file []byte
		torn bool
	}{
		{"the first half of its header is missing", zero(whole, at, at+16), true},
		{"the second half of its header is missing", zero(whole, at+16, at+32), true},
		{"its header is missing", zero(whole, at, at+32), true},
		{"its end is missing", zero(whole, len(whole)-300, len(whole)), true},
		{"its end is missing, and the file is shorter", whole[:len(whole)-300], true},
		{"all is missing but the length of the file", zero(whole, at, len(whole)), true},
		{"the second half of its header is missing, and zeros follow", zero(more, at+16, at+32), true},
		{"nothing is missing and zeros follow", more, true},
		{"something in it is missing, and zeros follow it, where nothing was written", zero(more, at+200, at+300), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, stats, err := look(map[string][]byte{segmentName(1): c.file, manifestName: manifest{1, 1}.encode()})
			if !c.torn {
				damaged(t, err, segmentName(1))
				return
			}
			must(t, err)
			if stats.CutBytes == 0 || got[place{1, "a"}] != "b" {
				t.Errorf("%+v, %v", stats, got)
			}
		})
	}
}

// TestFormat holds what of a newer version can be told.
func TestFormat(t *testing.T) {
	dir := t.TempDir()
	k := opened(t, dir, Options{})
	must(t, k.commit(put(1, "a", "b")))
	must(t, k.Close())
	path := filepath.Join(dir, manifestName)
	for _, c := range []struct {
		text string
		want error
	}{
		{"akin journal\nformat 2\nfiles 1 to 1\ncrc32c 00000000\n", ErrFormat},
		{"akin journal\nformat 10\n" + strings.Repeat("something else\n", 1000), ErrFormat},
		{"akin journal\nformat 0\nfiles 1 to 1\ncrc32c 00000000\n", ErrCorrupt},
		{"akin journal\nformat 1\nfiles 1 to 1\ncrc32c 00000000\n", ErrCorrupt},
		{"something else", ErrCorrupt},
		{string(manifest{2, 1}.encode()), ErrCorrupt},
		{string(manifest{0, 1}.encode()), ErrCorrupt},
		{string(manifest{1, 1}.encode()) + " ", ErrCorrupt},
	} {
		must(t, os.WriteFile(path, []byte(c.text), 0o600))
		if _, err := Open(dir, Options{}); !errors.Is(err, c.want) {
			t.Errorf("%.40q: Open says: %v", c.text, err)
		}
		report, err := Check(dir)
		if c.want == ErrFormat && !errors.Is(err, ErrFormat) || c.want == ErrCorrupt && (err != nil || report.Damage == nil || report.Damage.File != manifestName) {
			t.Errorf("%.40q: Check says: %+v, %v", c.text, report, err)
		}
	}
}

// TestCheck holds what Check tells of whole, torn, and damaged folders, and that it changes none.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	written(t, dir, true)
	before := contents(t, dir)
	delete(before, lockName)
	must(t, os.Remove(filepath.Join(dir, lockName))) // as in a copy
	total := int64(0)
	for name, b := range before {
		if name != manifestName {
			total += int64(len(b))
		}
	}
	report, err := Check(dir)
	must(t, err)
	if want := (Report{Files: len(before) - 1, Frames: 10, Entries: 27, Bytes: total}); report != want {
		t.Errorf("%+v, want %+v", report, want)
	}
	last := filepath.Join(dir, lastOf(before))
	must(t, os.Truncate(last, int64(len(before[lastOf(before)])-1)))
	report, err = Check(dir)
	must(t, err)
	if want := (Damage{lastOf(before), int64(len(before[lastOf(before)]) - frameHeaderBytes), ""}); report.Torn == nil || report.Damage != nil ||
		report.Torn.File != want.File || report.Torn.Offset != want.Offset || report.Frames != 9 || report.Entries != 27 {
		t.Errorf("%+v, want a torn frame as in %+v", report, want)
	}
	must(t, os.WriteFile(last, before[lastOf(before)], 0o600))
	b := slices.Clone(before[segmentName(2)])
	b[len(b)-1] ^= 1
	must(t, os.WriteFile(filepath.Join(dir, segmentName(2)), b, 0o600))
	report, err = Check(dir)
	must(t, err)
	if report.Damage == nil || report.Damage.File != segmentName(2) || report.Damage.Offset < fileHeaderBytes || report.Frames == 0 || report.Torn != nil {
		t.Errorf("%+v", report)
	}
	before[segmentName(2)] = b
	if after := contents(t, dir); !cmp.Equal(before, after) {
		t.Error("Check has changed the folder")
	}
	must(t, os.Remove(filepath.Join(dir, segmentName(2))))
	if report, err = Check(dir); err != nil || report.Damage == nil || report.Damage.File != segmentName(2) {
		t.Errorf("%+v, %v", report, err)
	}
	must(t, os.Remove(filepath.Join(dir, manifestName)))
	if report, err = Check(dir); err != nil || report.Damage == nil {
		t.Errorf("%+v, %v", report, err)
	}
	if _, err = Check(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Check of an empty folder says: %v", err)
	}
}

// TestCutUnderneath holds that a file which somebody else cuts is an error, and not the end of the process.
func TestCutUnderneath(t *testing.T) {
	if !mapsFiles {
		t.Skip("files are not mapped here")
	}
	dir := t.TempDir()
	k := opened(t, dir, Options{FileBytes: 1 << 20, StepBytes: 1 << 20})
	for n := range 3 {
		must(t, k.commit(put(1, fmt.Sprint(n), long(n, 1<<19))))
	}
	must(t, os.Truncate(filepath.Join(dir, segmentName(1)), 100))
	damaged(t, k.Replay(func(e Entry) error { _ = crc32.ChecksumIEEE(e.Value); return nil }), segmentName(1))
	_, err := k.step()
	damaged(t, err, segmentName(1))
	defer func() {
		if recover() == nil {
			t.Error("the callback's own panic is gone")
		}
	}()
	_ = k.Replay(func(Entry) error { panic("mine") })
}
