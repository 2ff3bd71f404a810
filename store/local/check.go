package local

import (
	"fmt"

	"github.com/akinserver/akin/store/local/journal"
)

// Report says what a folder holds.
type Report struct {
	Collections map[string]int // points of each
	Aliases     map[string]string
	Bytes       int64  // of all files
	Torn        string // the end of a write that a kill interrupted, which the next Open cuts off; "" if there is none
}

// Check reads everything in the folder of a store and verifies its checksums, without changing anything. What is wrong
// is an error that names it: ErrCorrupt, ErrFormat, or ErrLocked while a store has the folder open.
func Check(dir string) (*Report, error) {
	report, err := inspected(dir)
	if err != nil {
		return nil, fmt.Errorf("check store %s: %w", dir, err)
	}
	return report, nil
}

func inspected(dir string) (*Report, error) {
	l := newLoader(func(journal.Location) {})
	l.blind = true
	kept := map[journal.Location][]byte{} // of what is no point
	found, err := journal.Inspect(dir, func(e journal.Entry) error {
		if e.Kind == journal.Put && !isPoint(e.Bucket, e.Key) {
			kept[e.Location] = append([]byte{}, e.Value...)
		}
		return l.each(e)
	})
	if err != nil {
		return nil, err
	}
	if found.Damage != nil {
		return nil, found.Damage
	}
	read := func(at journal.Location) []byte { return kept[at] }
	cat, _, err := l.catalog(read)
	if err != nil {
		return nil, err
	}
	report := &Report{Collections: map[string]int{}, Aliases: cat.aliases, Bytes: found.Bytes}
	if found.Torn != nil {
		report.Torn = found.Torn.Error()
	}
	byID := map[uint64]*collection{}
	for name, c := range cat.collections {
		byID[c.id] = c
		if t := l.tables[c.id]; t != nil {
			report.Collections[name] = t.size
		} else {
			report.Collections[name] = 0
		}
	}
	// The description of a collection may come behind its points, so these are verified when it is known.
	_, err = journal.Inspect(dir, func(e journal.Entry) error {
		c := byID[e.Bucket]
		if e.Kind != journal.Put || c == nil || !isPoint(e.Bucket, e.Key) || !l.tables[c.id].holds(e) {
			return nil
		}
		p, err := decodeRecord(e.Key, e.Value)
		if err == nil {
			if err = c.accepts(e.Value); err != nil {
				err = fmt.Errorf("point %s: %w", p.id, err)
			}
		}
		if err != nil {
			return fmt.Errorf("%w: collection %s: %w", ErrCorrupt, c.name, err)
		}
		return nil
	})
	return report, err
}

// holds tells whether an entry is the last word on its point.
func (t *table) holds(e journal.Entry) bool {
	id, err := parseKey(e.Key)
	slot, ok := t.find(id)
	return err == nil && ok && t.points[slot].at == e.Location
}
