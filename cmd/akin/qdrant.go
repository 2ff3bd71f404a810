package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"runtime/debug"
	"slices"

	"github.com/akinserver/akin/store/local"
)

type qdrantCmd struct {
	Listen  string   `help:"Address to answer Qdrant's gRPC calls on. Keys that callers must bring are read from QDRANT__SERVICE__API_KEY and, for those who only read, QDRANT__SERVICE__READ_ONLY_API_KEY." default:"127.0.0.1:6334" placeholder:"HOST:PORT"`
	Data    string   `help:"Folder of the store." default:"data" placeholder:"DIR"`
	Check   bool     `help:"Verify the folder, say what it holds, and serve nothing."`
	Restore []string `help:"Bring back the collections of a snapshot, in the place of any of their names, before serving." placeholder:"FILE" type:"existingfile"`
	TLSCert string   `help:"Certificate to speak TLS with." placeholder:"FILE" type:"existingfile" name:"tls-cert" and:"tls"`
	TLSKey  string   `help:"Its private key." placeholder:"FILE" type:"existingfile" name:"tls-key" and:"tls"`

	WholeUpserts bool `help:"Of an upsert with a point that does not fit keep none. Without it, the others are kept, as by Qdrant; akin's own store keeps none."`
}

func (c qdrantCmd) Run(ctx context.Context, std streams) (err error) {
	if c.Check {
		return check(c.Data, std)
	}
	// Most of what the store needs lies in the page cache, which garbage would take from it.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
	log := slog.New(slog.NewTextHandler(std.err, nil))
	options := local.Options{
		APIKey: os.Getenv("QDRANT__SERVICE__API_KEY"), ReadOnlyAPIKey: os.Getenv("QDRANT__SERVICE__READ_ONLY_API_KEY"), Logger: log,
		PartialUpserts: !c.WholeUpserts, // on a port it stands for Qdrant, and answers as Qdrant does
	}
	if c.TLSCert != "" {
		certificate, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return fmt.Errorf("--tls-cert %s, --tls-key %s: %w", c.TLSCert, c.TLSKey, err)
		}
		options.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	db, err := openLocal(c.Data, options, std.err)
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // tables that were outgrown while the folder was read
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, file := range c.Restore {
		if err := restore(ctx, db, file); err != nil {
			return fmt.Errorf("--restore %s: %w", file, err)
		}
		log.Info("restored", "snapshot", file)
	}
	lis, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	log.Info("the store holds", held(db)...)
	log.Info("serving Qdrant's gRPC", "address", lis.Addr().String(), "data", c.Data, "tls", c.TLSCert != "", "keys", options.APIKey != "" || options.ReadOnlyAPIKey != "")
	if err := db.Serve(ctx, lis); err != nil {
		return err
	}
	log.Info("stopped: the store holds", held(db)...)
	return nil
}

// held is a summary of a store for the log.
func held(db *local.DB) []any {
	s := db.Stats()
	points, memory, calls := 0, int64(0), uint64(0)
	for _, c := range s.Collections {
		points, memory = points+c.Points, memory+c.Memory.Total()
	}
	for _, c := range s.Calls {
		calls += c.Count
	}
	return []any{"collections", len(s.Collections), "points", points, "diskBytes", s.DiskBytes, "deadBytes", s.DeadBytes, "memoryBytes", memory, "calls", calls}
}

func restore(ctx context.Context, db *local.DB, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return db.Restore(ctx, f)
}

func check(dir string, std streams) error {
	report, err := local.Check(dir)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(report.Collections)) {
		fmt.Fprintf(std.out, "collection %s: %d points\n", name, report.Collections[name])
	}
	for _, alias := range slices.Sorted(maps.Keys(report.Aliases)) {
		fmt.Fprintf(std.out, "alias %s: %s\n", alias, report.Aliases[alias])
	}
	if report.Torn != "" {
		fmt.Fprintf(std.out, "the end of a write that was interrupted, which is cut off when the folder is opened: %s\n", report.Torn)
	}
	fmt.Fprintf(std.out, "%s: %d bytes, all checksums right\n", dir, report.Bytes)
	return nil
}
