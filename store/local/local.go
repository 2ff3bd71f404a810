// Package local is a Qdrant inside the process: it speaks the gRPC API of Qdrant 1.16 over a connection in memory, or on a
// port, and keeps everything in one folder, or in memory alone.
//
// What a call with wait=true has acknowledged is on the disk, and is there after a kill at any moment. A call is applied
// whole or not at all, which Qdrant itself does not promise. Search is exact: there is no index to build or to wait for.
//
// Answers are those of Qdrant 1.16.3, but for this:
//   - An upsert with a point that does not fit, a batch of updates or of alias actions with one that fails, changes nothing
//     (of upserts see Options.PartialUpserts). Setting the payload, or the vectors, of points of which some are missing
//     changes the others and answers NotFound, as in Qdrant.
//   - Vectors with a NaN or an infinity are refused.
//   - Points of equal score come in the order of their ids; in Qdrant it is left to chance.
//   - What configures Qdrant's index, its quantization, optimizers and log is checked, kept and answered, and has no effect.
//   - The multilingual tokenizer has no dictionary: see analyzer. Stemmers and stopwords by language are UNIMPLEMENTED.
//   - There are no shards and there is no inference: such calls, and what came after 1.16, answer UNIMPLEMENTED and say what
//     to use instead. Of newer versions update_mode of upserts and weights of RRF are understood.
//   - Snapshots have a form of their own; Restore brings them back.
package local

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
)

// Errors of Open, met with errors.Is.
var (
	ErrLocked  = errors.New("the folder is in use by another store, here or in another process")
	ErrFormat  = errors.New("the folder was written by a newer version of this program")
	ErrCorrupt = errors.New("the folder is damaged")
)

// Options of a store; the zero value works.
type Options struct {
	APIKey         string       // what callers of Serve must present; "" lets everybody in
	ReadOnlyAPIKey string       // presented instead, lets its caller read; "" gives nobody this right
	TLS            *tls.Config  // of Serve; nil serves plain text
	Logger         *slog.Logger // told of writes that fail without anybody waiting; nil means slog.Default()
	PartialUpserts bool         // of an upsert with a point that does not fit keep the others, as Qdrant may; false keeps none
}

// DB is an open store. It is safe for concurrent use.
type DB struct {
	dir       string // "" in memory
	options   Options
	log       *slog.Logger
	storage   storage
	snapshots *shelf

	current   atomic.Pointer[catalog]
	nextID    uint64 // of a collection; the committer's
	jobs      chan *job
	committed chan struct{} // closed when the committer has ended
	closing   sync.RWMutex  // guards closed
	closed    bool
	senders   sync.WaitGroup // calls that are handing over a job
	once      sync.Once      // of Close
	closeErr  error

	servers sync.Mutex // guards inside and ports
	inside  *bufconn.Listener
	ports   map[*grpc.Server]bool
}

// catalog lists the collections and their aliases. It is never changed, but replaced.
type catalog struct {
	collections map[string]*collection
	aliases     map[string]string // to names of collections
}

func (c *catalog) clone() *catalog {
	return &catalog{maps.Clone(c.collections), maps.Clone(c.aliases)}
}

// find returns a collection by its name or by an alias.
func (c *catalog) find(name string) (*collection, error) {
	if target, ok := c.aliases[name]; ok {
		name = target
	}
	if found, ok := c.collections[name]; ok {
		return found, nil
	}
	return nil, noCollection(name)
}

func (db *DB) catalog() *catalog { return db.current.Load() }

// Open opens the store in dir, and makes the folder if it is not there. With dir "" everything is kept in memory and gone
// when the store is closed. The folder is locked: a second Open, in this or another process, returns ErrLocked at once.
func Open(dir string, options Options) (*DB, error) {
	db := &DB{
		dir: dir, options: options, log: options.Logger, storage: memory{},
		jobs: make(chan *job, maxGroup), committed: make(chan struct{}), ports: map[*grpc.Server]bool{},
	}
	if db.log == nil {
		db.log = slog.Default()
	}
	if dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("open store %s: %w", dir, err)
		}
		db.dir = abs
		if db.storage, err = openFile(abs); err != nil {
			return nil, fmt.Errorf("open store %s: %w", abs, err)
		}
	}
	if err := db.load(); err != nil {
		_ = db.storage.close() // the error that is told is the one before
		return nil, fmt.Errorf("open store %s: %w", db.dir, err)
	}
	db.snapshots = newShelf(db.dir)
	go db.commitLoop()
	return db, nil
}

// Close ends the calls in flight, stores what was accepted, and closes the folder. Clients made by Client stop working.
func (db *DB) Close() error {
	db.once.Do(func() {
		db.stopServers()
		db.closing.Lock()
		db.closed = true
		db.closing.Unlock()
		db.senders.Wait()
		close(db.jobs)
		<-db.committed
		if err := db.storage.close(); err != nil {
			db.closeErr = fmt.Errorf("close store %s: %w", db.dir, err)
		}
	})
	return db.closeErr
}

// The catalog's keys. A collection's value is its id and its description.
const (
	catalogBucket    = 0
	formatKey        = "format"
	nextKey          = "next"
	collectionPrefix = "collection/"
	aliasPrefix      = "alias/"
	formatVersion    = 1
)

// load reads all that is stored. A new folder gets its format version.
func (db *DB) load() error {
	cat := &catalog{map[string]*collection{}, map[string]string{}}
	byID := map[uint64]*collection{}
	format := uint64(0)
	// The catalog's bucket comes first, so that every point meets its collection.
	err := db.storage.load(func(bucket uint64, key, value []byte) error {
		if bucket == catalogBucket {
			return db.loadCatalog(cat, byID, &format, string(key), value)
		}
		c := byID[bucket&^ghostBit]
		if c == nil {
			return fmt.Errorf("%w: %s: no collection has the number %d", ErrCorrupt, fileName, bucket)
		}
		if string(key) == string(operationsKey) {
			n, _ := binary.Uvarint(value)
			c.operations = max(c.operations, n)
			return nil
		}
		if bucket&ghostBit != 0 {
			key = key[:max(0, len(key)-8)]
		}
		r, err := decodeRecord(key, value)
		if err != nil {
			return fmt.Errorf("%w: %s: collection %s: %w", ErrCorrupt, fileName, c.name, err)
		}
		c.operations = max(c.operations, r.version)
		if bucket&ghostBit != 0 {
			c.haunt(r)
		} else {
			c.put(r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if format == 0 {
		if len(cat.collections) > 0 {
			return fmt.Errorf("%w: %s: it does not say its format", ErrCorrupt, fileName)
		}
		format := mutation{catalogBucket, []byte(formatKey), binary.AppendUvarint(nil, formatVersion)}
		if err := db.storage.commit([]mutation{format}); err != nil {
			return fmt.Errorf("write the format version: %w", err)
		}
	}
	for _, c := range byID {
		for name, d := range c.dense {
			if err := d.loadCodes(context.Background()); err != nil {
				return fmt.Errorf("collection %s: code the vectors %q: %w", c.name, name, err)
			}
		}
	}
	db.current.Store(cat)
	return nil
}

func (db *DB) loadCatalog(cat *catalog, byID map[uint64]*collection, format *uint64, key string, value []byte) error {
	switch {
	case key == formatKey:
		if *format, _ = binary.Uvarint(value); *format > formatVersion {
			return fmt.Errorf("%w: format %d, known up to %d", ErrFormat, *format, formatVersion)
		}
	case key == nextKey:
		db.nextID, _ = binary.Uvarint(value)
	case strings.HasPrefix(key, aliasPrefix):
		cat.aliases[strings.TrimPrefix(key, aliasPrefix)] = string(value)
	case strings.HasPrefix(key, collectionPrefix):
		c, err := decodeCollection(strings.TrimPrefix(key, collectionPrefix), value)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrCorrupt, fileName, err)
		}
		cat.collections[c.name], byID[c.id] = c, c
		for _, d := range c.dense {
			d.deferCodes()
		}
	}
	return nil
}

func collectionKey(name string) []byte { return []byte(collectionPrefix + name) }

func encodeCollection(id uint64, config *qdrant.CollectionConfig, schema map[string]*qdrant.PayloadSchemaInfo) ([]byte, error) {
	return proto.MarshalOptions{}.MarshalAppend(binary.AppendUvarint(nil, id), &qdrant.CollectionInfo{Config: config, PayloadSchema: schema})
}

func decodeCollection(name string, value []byte) (*collection, error) {
	id, n := binary.Uvarint(value)
	var info qdrant.CollectionInfo
	if n <= 0 {
		return nil, fmt.Errorf("collection %s has no number", name)
	}
	if err := proto.Unmarshal(value[n:], &info); err != nil {
		return nil, fmt.Errorf("collection %s: %w", name, err)
	}
	c := newCollection(id, name, info.GetConfig())
	for field, schema := range info.GetPayloadSchema() {
		x, err := newFieldIndex(field, schema)
		if err != nil {
			return nil, fmt.Errorf("collection %s: index on %s: %w", name, field, err)
		}
		c.setIndex(field, schema, x)
	}
	return c, nil
}

// Client returns a client of the store over a connection in memory. Closing it leaves the store open.
func (db *DB) Client() (*qdrant.Client, error) {
	lis, err := db.listenInside()
	if err != nil {
		return nil, err
	}
	return qdrant.NewClient(&qdrant.Config{
		Host:                   "passthrough:///local",
		PoolSize:               1,
		SkipCompatibilityCheck: true, // it would only warn of a client built within a test
		GrpcOptions: []grpc.DialOption{
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		},
	})
}
