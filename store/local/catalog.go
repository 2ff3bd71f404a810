package local

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"

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

// The catalog's keys. A collection's value is its id and its description. All values but that of the format end in their
// checksum (CRC-32C).
const (
	catalogBucket    = 0
	formatKey        = "!format" // the first of all, so that nothing of a newer format is read
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
	db.current.Store(cat)
	return nil
}

// listed is a mutation of the catalog; a nil value deletes the key.
func listed(key string, value []byte) mutation {
	if value == nil {
		return mutation{bucket: catalogBucket, key: []byte(key)}
	}
	sum := crc32.Checksum(value, castagnoli)
	return mutation{catalogBucket, []byte(key), binary.LittleEndian.AppendUint32(slices.Clip(value), sum)}
}

func (db *DB) loadCatalog(cat *catalog, byID map[uint64]*collection, format *uint64, key string, value []byte) error {
	if key == formatKey {
		if *format, _ = binary.Uvarint(value); *format > formatVersion {
			return fmt.Errorf("%w: format %d, known up to %d", ErrFormat, *format, formatVersion)
		}
		return nil
	}
	end := len(value) - 4
	if end < 0 || crc32.Checksum(value[:end], castagnoli) != binary.LittleEndian.Uint32(value[end:]) {
		return fmt.Errorf("%w: %s: %s: %w", ErrCorrupt, fileName, key, errDamaged)
	}
	value = value[:end]
	switch {
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
	}
	return nil
}

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
