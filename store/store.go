// Package store keeps akin's articles and statements as points in Qdrant, and finds them again.
// Points are the truth: an article's point holds its whole text, so that nothing else is needed to serve or to embed it anew.
package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/akinserver/akin"
)

// Options of a store.
type Options struct {
	Prefix      string // of the names of its collections; "akin" by default
	Fingerprint string // of the embedder whose vectors it holds; required
	Dimensions  int    // of those vectors; required
	ReadOnly    bool   // make nothing that is not there
}

// Store is one generation of points, of all corpora. It is safe for concurrent use. It stays that generation when another one becomes live: an answer that
// is under way is never made of two.
type Store struct {
	client      *qdrant.Client
	aliases     names // through which the live generation is found
	names       names // of this generation's collections
	fingerprint string
	dimensions  int
	rows        int         // at most, of the passages of one article
	next        atomic.Bool // it is being made, and not live
	writes      atomic.Uint64
}

func newStore(client *qdrant.Client, aliases names, opts Options) *Store {
	return &Store{
		client: client, aliases: aliases, fingerprint: opts.Fingerprint, dimensions: opts.Dimensions, rows: max(2, maxMultivector/opts.Dimensions),
	}
}

// Writes counts what this store wrote or deleted: while it stays, what was learnt of a corpus is true, but for what others write.
func (s *Store) Writes() uint64 { return s.writes.Load() }

// names are of a generation's collections, or of their aliases.
type names struct{ articles, statements string }

func (n *names) set(c collection, name string) {
	if c.articles {
		n.articles = name
	} else {
		n.statements = name
	}
}

func (n *names) of(c collection) string {
	if c.articles {
		return n.articles
	}
	return n.statements
}

func named(prefix string) names { return names{prefix + "_articles", prefix + "_statements"} }

// Open reaches the live generation, and makes an empty one where there is none. The client stays the caller's to close.
//
// Errors: akin.ErrMismatch when the live generation holds another embedder's vectors, akin.ErrUnavailable when Qdrant does not answer; read only,
// akin.ErrNotFound when there is no live generation.
func Open(ctx context.Context, client *qdrant.Client, opts Options) (*Store, error) {
	if opts.Prefix == "" {
		opts.Prefix = "akin"
	}
	if opts.Fingerprint == "" || opts.Dimensions <= 0 {
		return nil, fmt.Errorf("store: open: an embedder's fingerprint and dimensions are required, got %q and %d", opts.Fingerprint, opts.Dimensions)
	}
	s := newStore(client, named(opts.Prefix), opts)
	if err := s.openGeneration(ctx, opts); err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	return s, nil
}

// meaning gives an error of the client the sentinel that callers look for.
func meaning(err error) error {
	var limited *qdrant.QdrantResourceExhaustedError
	if errors.As(err, &limited) {
		return fmt.Errorf("%w: the server limits the rate of calls, try again in %d s", akin.ErrUnavailable, limited.RetryAfterS)
	}
	var sentinel error
	switch code(err) {
	case codes.Unavailable:
		sentinel = akin.ErrUnavailable
	case codes.ResourceExhausted:
		sentinel = akin.ErrFull
	case codes.Canceled:
		sentinel = context.Canceled
	case codes.DeadlineExceeded:
		sentinel = context.DeadlineExceeded
	default:
		return err
	}
	if errors.Is(err, sentinel) {
		return err
	}
	return fmt.Errorf("%w: %s", sentinel, message(err))
}

// code and message look through the client's own wrapping.
func code(err error) codes.Code {
	var s interface{ GRPCStatus() *status.Status }
	if errors.As(err, &s) {
		return s.GRPCStatus().Code()
	}
	return codes.Unknown
}

func message(err error) string {
	var s interface{ GRPCStatus() *status.Status }
	if errors.As(err, &s) {
		return s.GRPCStatus().Message()
	}
	return err.Error()
}
