package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

type snapshotsService struct {
	qdrant.UnimplementedSnapshotsServer
	db *DB
}

// shelf keeps the snapshots of a store: in files of its folder or, without one, in memory. The snapshots of a collection
// lie together; those of the whole store have the name "".
type shelf struct {
	dir  string // "" in memory
	mu   sync.Mutex
	kept map[string]map[string]*snapshot // in memory: by collection and name
}

// snapshot is one of them; its content is in a file, or in data.
type snapshot struct {
	name     string
	created  time.Time
	size     int64
	checksum string // SHA-256, in hex
	data     []byte
}

func (s *snapshot) describe() *qdrant.SnapshotDescription {
	return &qdrant.SnapshotDescription{
		Name: s.name, CreationTime: timestamppb.New(s.created), Size: s.size, Checksum: &s.checksum,
	}
}

const (
	snapshotExtension = ".snapshot"
	checksumExtension = ".checksum"
)

func newShelf(dir string) *shelf {
	if dir != "" {
		dir = filepath.Join(dir, "snapshots")
	}
	return &shelf{dir: dir, kept: map[string]map[string]*snapshot{}}
}

// folder is where the snapshots of a collection lie. Names of collections may differ in case alone, and may be no names of files.
func (s *shelf) folder(collection string) string {
	if collection == "" {
		return s.dir
	}
	var b strings.Builder
	for _, c := range []byte(collection) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	const longest = 100
	name := b.String()
	if len(name) > longest {
		sum := sha256.Sum256([]byte(collection))
		name = name[:longest] + "-" + hex.EncodeToString(sum[:8])
	}
	return filepath.Join(s.dir, name)
}

// create writes a snapshot and returns it once it is on the disk.
func (s *shelf) create(collection, prefix string, write func(io.Writer) error) (*snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := &snapshot{created: time.Now().UTC().Truncate(time.Second)}
	one.name = fmt.Sprintf("%s-%s%s", prefix, one.created.Format("2006-01-02-15-04-05"), snapshotExtension)
	for n := 2; s.find(collection, one.name) != nil; n++ {
		one.name = fmt.Sprintf("%s-%s-%d%s", prefix, one.created.Format("2006-01-02-15-04-05"), n, snapshotExtension)
	}
	sum := sha256.New()
	if s.dir == "" {
		var b bytes.Buffer
		if err := write(io.MultiWriter(&b, sum)); err != nil {
			return nil, err
		}
		one.data, one.size, one.checksum = b.Bytes(), int64(b.Len()), hex.EncodeToString(sum.Sum(nil))
		if s.kept[collection] == nil {
			s.kept[collection] = map[string]*snapshot{}
		}
		s.kept[collection][one.name] = one
		return one, nil
	}
	path := filepath.Join(s.folder(collection), one.name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	size, err := writeFile(path, func(w io.Writer) error { return write(io.MultiWriter(w, sum)) })
	if err != nil {
		return nil, err
	}
	one.size, one.checksum = size, hex.EncodeToString(sum.Sum(nil))
	_, err = writeFile(path+checksumExtension, func(w io.Writer) error { _, err := io.WriteString(w, one.checksum); return err })
	return one, err
}

// writeFile writes a file under another name, and gives it its own once it is whole and on the disk.
func writeFile(path string, write func(io.Writer) error) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".writing-*")
	if err != nil {
		return 0, err
	}
	named := false
	defer func() {
		if !named { // also when what is written cannot be read, and write panics
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return 0, err
	}
	if size, err = f.Seek(0, io.SeekCurrent); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	if err := f.Close(); err != nil {
		return 0, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return 0, err
	}
	named = true
	return size, syncFolder(filepath.Dir(path))
}

func (s *shelf) list(collection string) ([]*snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir == "" {
		var out []*snapshot
		for _, name := range sortedKeys(s.kept[collection]) {
			out = append(out, s.kept[collection][name])
		}
		return out, nil
	}
	files, err := filepath.Glob(filepath.Join(globSafe(s.folder(collection)), "*"+snapshotExtension))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var out []*snapshot
	for _, path := range files {
		if one := s.find(collection, filepath.Base(path)); one != nil {
			out = append(out, one)
		}
	}
	return out, nil
}

// globSafe quotes what a pattern would take for its own in the path of a folder.
func globSafe(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// find returns a snapshot by its name, or nil. The caller holds mu.
func (s *shelf) find(collection, name string) *snapshot {
	if s.dir == "" {
		return s.kept[collection][name]
	}
	if name != filepath.Base(name) || !strings.HasSuffix(name, snapshotExtension) {
		return nil // not the name of a file of the folder
	}
	path := filepath.Join(s.folder(collection), name)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	sum, _ := os.ReadFile(path + checksumExtension) // "" if it is lost
	return &snapshot{name: name, created: info.ModTime(), size: info.Size(), checksum: string(sum)}
}

func (s *shelf) remove(collection, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.find(collection, name) == nil {
		return status.Errorf(codes.NotFound, "Snapshot %s not found", name)
	}
	if s.dir == "" {
		delete(s.kept[collection], name)
		return nil
	}
	path := filepath.Join(s.folder(collection), name)
	_ = os.Remove(path + checksumExtension) // may be lost
	return os.Remove(path)
}

// open returns the content of a snapshot.
func (s *shelf) open(collection, name string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.find(collection, name)
	if one == nil {
		return nil, fmt.Errorf("no snapshot %s", name)
	}
	if s.dir == "" {
		return io.NopCloser(bytes.NewReader(one.data)), nil
	}
	return os.Open(filepath.Join(s.folder(collection), name))
}

// peer stands for the node's number in the names of snapshots.
const peer = 0

func snapshotError(err error) error {
	if errors.As(err, new(unreadable)) {
		return err
	}
	if isFull(err) {
		return status.Errorf(codes.ResourceExhausted, "Service internal error: no room left for a snapshot: %v", err)
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	return status.Errorf(codes.Internal, "Service internal error: snapshot: %v", err)
}

func (s *snapshotsService) Create(ctx context.Context, req *qdrant.CreateSnapshotRequest) (*qdrant.CreateSnapshotResponse, error) {
	start := time.Now()
	defer s.db.storage.Pin().Unpin()
	c, err := s.db.catalog().find(req.GetCollectionName())
	if err != nil {
		return nil, err
	}
	one, err := s.db.snapshots.create(c.name, fmt.Sprintf("%s-%d", shortName(c.name), peer), func(w io.Writer) error {
		return writeSnapshot(ctx, w, []*collection{c}, nil)
	})
	if err != nil {
		return nil, snapshotError(err)
	}
	return &qdrant.CreateSnapshotResponse{SnapshotDescription: one.describe(), Time: since(start)}, nil
}

// shortName makes the name of a collection fit into that of a file.
func shortName(name string) string {
	const longest = 100
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>:"/\|?*`, r) {
			return '_'
		}
		return r
	}, name)
	for len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "")
	}
	return name
}

func (s *snapshotsService) List(_ context.Context, req *qdrant.ListSnapshotsRequest) (*qdrant.ListSnapshotsResponse, error) {
	start := time.Now()
	c, err := s.db.catalog().find(req.GetCollectionName())
	if err != nil {
		return nil, err
	}
	return s.list(start, c.name)
}

func (s *snapshotsService) list(start time.Time, collection string) (*qdrant.ListSnapshotsResponse, error) {
	found, err := s.db.snapshots.list(collection)
	if err != nil {
		return nil, snapshotError(err)
	}
	resp := &qdrant.ListSnapshotsResponse{}
	for _, one := range found {
		resp.SnapshotDescriptions = append(resp.SnapshotDescriptions, one.describe())
	}
	resp.Time = since(start)
	return resp, nil
}

func (s *snapshotsService) Delete(_ context.Context, req *qdrant.DeleteSnapshotRequest) (*qdrant.DeleteSnapshotResponse, error) {
	start := time.Now()
	c, err := s.db.catalog().find(req.GetCollectionName())
	if err != nil {
		return nil, err
	}
	return s.remove(start, c.name, req.GetSnapshotName())
}

func (s *snapshotsService) remove(start time.Time, collection, name string) (*qdrant.DeleteSnapshotResponse, error) {
	if err := s.db.snapshots.remove(collection, name); err != nil {
		return nil, snapshotError(err)
	}
	return &qdrant.DeleteSnapshotResponse{Time: since(start)}, nil
}

func (s *snapshotsService) CreateFull(ctx context.Context, _ *qdrant.CreateFullSnapshotRequest) (*qdrant.CreateSnapshotResponse, error) {
	start := time.Now()
	defer s.db.storage.Pin().Unpin()
	cat := s.db.catalog()
	var all []*collection
	for _, name := range sortedKeys(cat.collections) {
		all = append(all, cat.collections[name])
	}
	one, err := s.db.snapshots.create("", "full-snapshot", func(w io.Writer) error { return writeSnapshot(ctx, w, all, cat.aliases) })
	if err != nil {
		return nil, snapshotError(err)
	}
	return &qdrant.CreateSnapshotResponse{SnapshotDescription: one.describe(), Time: since(start)}, nil
}

func (s *snapshotsService) ListFull(context.Context, *qdrant.ListFullSnapshotsRequest) (*qdrant.ListSnapshotsResponse, error) {
	return s.list(time.Now(), "")
}

func (s *snapshotsService) DeleteFull(_ context.Context, req *qdrant.DeleteFullSnapshotRequest) (*qdrant.DeleteSnapshotResponse, error) {
	return s.remove(time.Now(), "", req.GetSnapshotName())
}
