// Package local is a Qdrant inside the process: it speaks the gRPC API of Qdrant 1.16 over a connection in memory, or on a
// port, and keeps everything in one folder, or in memory alone.
//
// What a call with wait=true has acknowledged is on the disk, and is there after a kill at any moment. A call is applied
// whole or not at all, which Qdrant itself does not promise. Search is exact: there is no index to build or to wait for.
//
// Vectors and payloads stay in the files of the folder, which are mapped into memory and read out of the page cache. The
// heap holds what finds them: 85 bytes a point with one vector, and what payload indexes and sparse vectors need.
//
// Answers are those of Qdrant 1.16.3, but for this:
//   - An upsert with a point that does not fit, a batch of updates or of alias actions with one that fails, changes nothing
//     (of upserts see Options.PartialUpserts). Setting the payload, or the vectors, of points of which some are missing
//     changes the others and answers NotFound, as in Qdrant.
//   - Vectors with a NaN or an infinity are refused.
//   - Points of equal score come in the order of their ids; in Qdrant it is left to chance.
//   - What configures Qdrant's index, its quantization, optimizers and log is checked, kept and answered, and has no effect.
//     A collection is one segment, and all of its vectors count as indexed.
//   - The multilingual tokenizer has no dictionary of Japanese and Thai: of those it takes every character and every two
//     neighbours. Simplified and traditional characters are not the same. Stop words and stemmers of some languages are
//     missing, and UNIMPLEMENTED by name (package tokenizer).
//   - Where an index is of another type than a condition (a datetime range on an index of integers, a UUID looked for in one),
//     Qdrant's answer depends on how it plans the filter; here such an index is not used.
//   - There are no shards and there is no inference: such calls, and what came after 1.16, answer UNIMPLEMENTED and say what
//     to use instead. Of newer versions update_mode of upserts and weights of RRF are understood.
//   - Snapshots have a form of their own; Restore brings them back.
package local

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/akinserver/akin/store/local/journal"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"
)

// Errors of Open, Check and Restore, met with errors.Is.
var (
	ErrLocked  = journal.ErrLocked
	ErrFormat  = journal.ErrFormat
	ErrCorrupt = journal.ErrCorrupt
)

// Options of a store; the zero value works.
type Options struct {
	APIKey         string       // what callers of Serve must present; "" lets everybody in
	ReadOnlyAPIKey string       // presented instead, lets its caller read; "" gives nobody this right
	TLS            *tls.Config  // of Serve; nil serves plain text
	Logger         *slog.Logger // told of writes that fail without anybody waiting; nil means slog.Default()
	// Progress is called now and then while Open works, by one goroutine at a time, and must be quick; nil logs every 10 s.
	Progress func(Progress)
	// LateCodes leaves the codes of the vectors that a folder holds to the first search for one: for a process that hardly searches.
	LateCodes      bool
	PartialUpserts bool // of an upsert with a point that does not fit keep the others, as Qdrant may; false keeps none
}

// DB is an open store. It is safe for concurrent use.
type DB struct {
	dir       string // "" in memory
	options   Options
	log       *slog.Logger
	storage   storage
	snapshots *shelf
	calls     [kinds]callCount

	current    atomic.Pointer[catalog]
	nextID     uint64                 // of a collection; the committer's
	places     places                 // the committer's
	compacting bool                   // a file is being emptied; the committer's
	unfinished map[uint64]*collection // that are being restored, by number; the committer's
	jobs       chan *job
	committed  chan struct{} // closed when the committer has ended
	closing    sync.RWMutex  // guards closed
	closed     bool
	senders    sync.WaitGroup // calls that are handing over a job
	once       sync.Once      // of Close
	closeErr   error

	servers sync.Mutex // guards inside and ports
	inside  *bufconn.Listener
	ports   map[*grpc.Server]bool

	underWay *underWay // calls of clients within the process
}

// Open opens the store in dir, and makes the folder if it is not there. With dir "" everything is kept in memory and gone
// when the store is closed. The folder is locked: a second Open, in this or another process, returns ErrLocked at once.
func Open(dir string, options Options) (*DB, error) {
	db := &DB{
		dir: dir, options: options, log: options.Logger,
		jobs: make(chan *job, maxGroup), committed: make(chan struct{}), unfinished: map[uint64]*collection{}, ports: map[*grpc.Server]bool{},
		underWay: newUnderWay(),
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
	}
	if db.options.Progress == nil {
		db.options.Progress = logged(db.dir, db.log)
	}
	kept, err := openJournal(db.dir, db.options.Progress)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", db.dir, err)
	}
	db.storage = kept
	if err := db.caught("open", db.load); err != nil {
		_ = db.storage.Close() // the error that is told is the one before
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
		// A call that still goes on has a pin on what it reads, and finds nothing new to read.
		db.current.Store(&catalog{})
		if err := db.storage.Close(); err != nil {
			db.closeErr = fmt.Errorf("close store %s: %w", db.dir, err)
		}
	})
	return db.closeErr
}

// Client returns a client of the store within the process, with further options of its connection, as to watch its calls. Closing it leaves the store open. What it
// reads of points comes to it as it is; all else goes over a connection in memory, as over any other.
func (db *DB) Client(options ...grpc.DialOption) (*qdrant.Client, error) {
	lis, err := db.listenInside()
	if err != nil {
		return nil, err
	}
	return qdrant.NewClient(&qdrant.Config{
		Host:                   "passthrough:///local",
		PoolSize:               1,
		SkipCompatibilityCheck: true, // it would only warn of a client built within a test
		GrpcOptions: append([]grpc.DialOption{
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		}, append(options, grpc.WithChainUnaryInterceptor(db.newDirect().invoke))...),
	})
}
