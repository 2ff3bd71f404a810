package local

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/akinserver/akin/crew"
	"github.com/akinserver/akin/store/local/journal"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

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

// The catalog's keys. A collection's value is its id and its description.
const (
	catalogBucket    = 0
	formatKey        = "format"
	nextKey          = "next"
	collectionPrefix = "collection/"
	aliasPrefix      = "alias/"
	unfinishedPrefix = "unfinished/" // and the number of a bucket whose restore did not come to its end
	formatVersion    = 1
)

// load reads all that is stored. A new folder gets its format version.
func (db *DB) load() error {
	l := newLoader(db.storage.Release)
	if err := db.storage.Replay(l.each); err != nil {
		return err
	}
	cat, nextID, err := l.catalog(db.storage.Read)
	if err != nil {
		return err
	}
	if err := l.fillAll(cat, db.storage.Read, db.options); err != nil {
		return err
	}
	db.places, db.nextID = l.places, nextID
	db.current.Store(cat)
	for _, id := range l.unfinished {
		if _, err := db.store(dropUnfinished(id)); err != nil {
			// Its room is given back all the same, and the next Open tries again.
			db.log.Warn("the rest of a restore that was interrupted could not be removed", slog.String("store", db.dir), slog.Any("error", err))
		}
	}
	if !has(l.places[catalogBucket], formatKey) {
		_, err = db.store([]mutation{listed(formatKey, binary.AppendUvarint(nil, formatVersion))})
		if err != nil {
			return fmt.Errorf("write the format version: %w", err)
		}
	}
	return nil
}

// catalog makes the collections, which have no points yet, and the aliases.
func (l *loader) catalog(read func(journal.Location) []byte) (cat *catalog, nextID uint64, err error) {
	kept := l.places[catalogBucket]
	format := uint64(0)
	if at, ok := kept[formatKey]; ok {
		format, _ = binary.Uvarint(read(at))
	}
	switch {
	case format > formatVersion:
		return nil, 0, fmt.Errorf("%w: format %d, known up to %d", ErrFormat, format, formatVersion)
	case format == 0 && len(l.places)+len(l.tables) > 0:
		return nil, 0, fmt.Errorf("%w: it does not say its format", ErrCorrupt)
	}
	l.dropUnfinished()
	cat = &catalog{map[string]*collection{}, map[string]string{}}
	known := map[uint64]bool{catalogBucket: true}
	for key, at := range kept {
		if key == nextKey {
			nextID, _ = binary.Uvarint(read(at))
		} else if name, ok := strings.CutPrefix(key, aliasPrefix); ok {
			cat.aliases[name] = string(read(at))
		} else if name, ok := strings.CutPrefix(key, collectionPrefix); ok {
			c, err := decodeCollection(name, read(at))
			if err != nil {
				return nil, 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
			}
			cat.collections[name], known[c.id] = c, true
		}
	}
	for bucket := range l.tables {
		if !known[bucket] {
			return nil, 0, fmt.Errorf("%w: no collection has the number %d", ErrCorrupt, bucket)
		}
	}
	for _, c := range cat.collections {
		if err := l.broken[c.id]; err != nil {
			return nil, 0, fmt.Errorf("%w: collection %s: %w", ErrCorrupt, c.name, err)
		}
	}
	return cat, nextID, nil
}

// dropUnfinished forgets what was restored in part.
func (l *loader) dropUnfinished() {
	for key := range l.places[catalogBucket] {
		if number, ok := strings.CutPrefix(key, unfinishedPrefix); ok {
			if id, err := strconv.ParseUint(number, 10, 63); err == nil {
				l.drop(id)
				l.unfinished = append(l.unfinished, id)
			}
		}
	}
}

// fillAll gives the collections their points, side by side.
func (l *loader) fillAll(cat *catalog, read func(journal.Location) []byte, options Options) error {
	points, vectors := int64(0), int64(0)
	for _, t := range l.tables {
		points += int64(t.size)
	}
	indexed := counting(options.Progress, Indexing, points, 10_000)
	if err := cat.each(func(c *collection) error {
		if err := l.fill(c, read, func() { indexed.add(1) }); err != nil {
			return fmt.Errorf("%w: collection %s: %w", ErrCorrupt, c.name, err)
		}
		return nil
	}); err != nil {
		return err
	}
	indexed.end()
	if options.LateCodes {
		return nil
	}
	for _, c := range cat.collections {
		for _, d := range c.dense {
			vectors += int64(d.count())
		}
	}
	coded := counting(options.Progress, Coding, vectors, 10_000)
	if err := cat.each(func(c *collection) error {
		for name, d := range c.dense {
			if err := d.loadCodes(context.Background(), func(rows int) { coded.add(int64(rows)) }); err != nil {
				return fmt.Errorf("collection %s: code the vectors %q: %w", c.name, name, err)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	coded.end()
	return nil
}

// each calls f for all collections, side by side, and returns one of the errors.
func (c *catalog) each(f func(*collection) error) error {
	var all crew.Crew
	errs := make([]error, len(c.collections))
	for i, one := range slices.Collect(maps.Values(c.collections)) {
		all.Run(func() { errs[i] = f(one) })
	}
	all.Finish()
	return cmp.Or(errs...)
}

// fill gives a collection its points, and what else is kept of it. The vectors have no codes yet.
func (l *loader) fill(c *collection, read func(journal.Location) []byte, entered func()) error {
	if at, ok := l.places[c.id][string(operationsKey)]; ok {
		c.operations, _ = binary.Uvarint(read(at))
	}
	for key, at := range l.places[c.id|ghostBit] {
		g, err := decodeRecord([]byte(key[:max(0, len(key)-8)]), read(at))
		if err != nil {
			return err
		}
		c.operations = max(c.operations, g.version)
		c.haunt(g)
	}
	if t := l.tables[c.id]; t != nil {
		return c.fill(t, entered)
	}
	return nil
}

// listed is a mutation of the catalog; a nil value deletes the key.
func listed(key string, value []byte) mutation { return mutation{catalogBucket, []byte(key), value} }

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
