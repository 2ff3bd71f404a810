package embed

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/akinserver/akin/embed/family"
	"github.com/akinserver/akin/store"
)

// families keeps what is stored of families in step with the articles that are stored. Which articles belong together depends on these alone, not on the order in which they came:
// from what was written or deleted it goes on to all that are prints of it, and prints of these, and says of all of them anew where they belong.
type families struct {
	store *store.Store

	mu     sync.Mutex // one changes families at a time: the last one sees what all others wrote
	healed map[string]bool
}

const (
	// mostSettled is how many articles are settled together. Where more hang together, those that were found first are.
	mostSettled = 400

	// settleAgain is how often what was settled is looked at once more, since others may write at the same time.
	settleAgain = 8

	// noteKept is for how long another process is left its note: it may still be at work.
	noteKept = time.Hour
)

// put writes documents and settles their families. Until that is done, an article that is stored already stays in the family in which it is.
func (f *families) put(ctx context.Context, corpus string, documents []store.Document) error {
	if len(documents) == 0 {
		return nil
	}
	ids := make([]string, len(documents))
	for i := range documents {
		ids[i] = documents[i].Article.ID
	}
	stored, err := f.store.Prints(ctx, corpus, ids)
	if err != nil {
		return err
	}
	var replaced []string
	for i, id := range ids {
		if p, ok := stored[id]; ok {
			documents[i].Family, documents[i].Replaces = p.Family, p.Sketch
			replaced = append(replaced, p.Sketch)
		}
	}
	return f.settled(ctx, corpus, ids, replaced, func() error { return f.store.Put(ctx, corpus, documents) })
}

// delete deletes articles and settles the families that they leave.
func (f *families) delete(ctx context.Context, corpus string, ids []string) (deleted, missing []string, err error) {
	prints, err := f.store.Prints(ctx, corpus, ids)
	if err != nil {
		return nil, nil, err
	}
	if len(prints) == 0 {
		return f.store.Delete(ctx, corpus, ids)
	}
	var sketches []string
	for _, p := range prints {
		sketches = append(sketches, p.Sketch)
	}
	err = f.settled(ctx, corpus, ids, sketches, func() (err error) {
		if err = f.store.Unsettle(ctx, corpus, ids, sketches); err == nil {
			deleted, missing, err = f.store.Delete(ctx, corpus, ids)
		}
		return err
	})
	return deleted, missing, err
}

// settled does a write that leaves a note in the store, settles what it concerns, and removes the note.
func (f *families) settled(ctx context.Context, corpus string, ids, sketches []string, write func() error) error {
	err := write()
	if err == nil {
		err = f.settle(ctx, corpus, ids, sketches)
	}
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.healed[corpus] = false // the note may stand
		return err
	}
	return f.store.Settled(ctx, corpus, ids)
}

// heal settles what a process that was killed, or a call that failed, has left: once for each corpus, before anything else is done there.
func (f *families) heal(ctx context.Context, corpus string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.healed[corpus] {
		return nil
	}
	notes, err := f.store.Notes(ctx, corpus)
	if err != nil {
		return err
	}
	for _, n := range notes {
		if err := f.settleAll(ctx, corpus, n.IDs, n.Sketches); err != nil {
			return err
		}
		if time.Since(n.Since) > noteKept {
			if err := f.store.Settled(ctx, corpus, n.IDs); err != nil {
				return err
			}
		}
	}
	f.healed[corpus] = true
	return nil
}

// settle says anew where articles belong, and all that were or are prints of them; sketches are of what was stored of them before. Most are prints of nothing, and stay where they are: that
// is found out by many at once, and only what changes something waits for others to be done with theirs.
func (f *families) settle(ctx context.Context, corpus string, ids, sketches []string) error {
	changes, err := f.changes(ctx, corpus, ids, sketches)
	if err != nil || len(changes) == 0 {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.settleAll(ctx, corpus, ids, sketches)
}

// settleAll looks again after what it wrote: what another process wrote meanwhile is seen by the one or by the other.
func (f *families) settleAll(ctx context.Context, corpus string, ids, sketches []string) error {
	for range settleAgain {
		changes, err := f.changes(ctx, corpus, ids, sketches)
		if err != nil || len(changes) == 0 {
			return err
		}
		if err := f.store.SetFamilies(ctx, corpus, changes); err != nil {
			return err
		}
	}
	return nil // others write faster than this looks; they settle what they write
}

// changes are the families of articles, and of all that were or are prints of them, that are not as they are stored.
func (f *families) changes(ctx context.Context, corpus string, ids, sketches []string) (map[string]string, error) {
	k := kin{store: f.store, corpus: corpus, members: map[string]*member{}, found: map[string]*member{}, compared: map[[2]string]family.Relation{}, alike: map[string][]string{}}
	if err := k.find(ctx, ids, sketches); err != nil {
		return nil, err
	}
	return k.changes(), nil
}

// kin are articles that hang together by being prints of each other, as they are stored at this moment.
type kin struct {
	store    *store.Store
	corpus   string
	members  map[string]*member
	found    map[string]*member            // and those that were compared with them
	compared map[[2]string]family.Relation // pairs, by id
	alike    map[string][]string           // ids of those that share bands with a sketch, ascending
}

type member struct {
	store.Print
	sketch family.Sketch
	text   *family.Text
	prints []*member
}

func newMember(p store.Print) *member {
	m := &member{Print: p}
	m.sketch, _ = family.Decode(p.Sketch) // one that cannot be read resembles nothing
	return m
}

// find gathers the articles, those that may have been prints of what stood in their place, and all that are prints of these.
func (k *kin) find(ctx context.Context, ids, sketches []string) error {
	gone := make([]*member, len(sketches))
	for i, s := range sketches {
		gone[i] = newMember(store.Print{Sketch: s})
	}
	if err := k.search(ctx, gone); err != nil {
		return err
	}
	ids = slices.Clone(ids)
	for _, g := range gone {
		for _, m := range k.near(g) {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids)
	first, err := k.store.Prints(ctx, k.corpus, slices.Compact(ids))
	if err != nil {
		return err
	}
	var reached []*member
	for _, id := range slices.Sorted(maps.Keys(first)) {
		reached = append(reached, k.add(newMember(first[id])))
	}
	for len(reached) > 0 {
		if reached, err = k.reach(ctx, reached); err != nil {
			return err
		}
	}
	return nil
}

func (k *kin) add(m *member) *member {
	k.members[m.ID], k.found[m.ID] = m, m
	return m
}

// search finds the articles that share bands with members.
func (k *kin) search(ctx context.Context, members []*member) error {
	var sketches []string
	var bands [][]uint32
	for _, m := range members {
		if _, asked := k.alike[m.Print.Sketch]; asked { // of a thousand copies one is enough
			continue
		}
		k.alike[m.Print.Sketch] = nil
		if b := m.sketch.Bands(); b != nil {
			sketches, bands = append(sketches, m.Print.Sketch), append(bands, b)
		}
	}
	found, err := k.store.Alike(ctx, k.corpus, bands, family.NearBands)
	if err != nil {
		return err
	}
	for i, prints := range found {
		alike := make([]string, len(prints))
		for j, p := range prints {
			if alike[j] = p.ID; k.found[p.ID] == nil {
				k.found[p.ID] = newMember(p)
			}
		}
		k.alike[sketches[i]] = alike
	}
	return nil
}

// near are the articles that may be prints of a member, as far as sketches tell.
func (k *kin) near(m *member) []*member {
	var list []*member
	for _, id := range k.alike[m.Print.Sketch] {
		if o := k.found[id]; o != m && m.sketch.Near(o.sketch) {
			list = append(list, o)
		}
	}
	return list
}

// reach links members with all that are prints of them, and returns those that were not known before.
func (k *kin) reach(ctx context.Context, from []*member) ([]*member, error) {
	if err := k.search(ctx, from); err != nil {
		return nil, err
	}
	var pairs [][2]*member
	for _, m := range from {
		for _, o := range k.near(m) {
			pairs = append(pairs, [2]*member{m, o})
		}
	}
	if err := k.read(ctx, pairs); err != nil {
		return nil, err
	}
	var reached []*member
	for _, p := range pairs {
		m, o := p[0], p[1]
		if k.compare(m, o) != family.Print {
			continue
		}
		m.prints, o.prints = append(m.prints, o), append(o.prints, m)
		if k.members[o.ID] == nil && len(k.members) < mostSettled {
			reached = append(reached, k.add(o))
		}
	}
	return reached, k.readFamilies(ctx, reached)
}

// readFamilies reads to which families members belong now.
func (k *kin) readFamilies(ctx context.Context, members []*member) error {
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	prints, err := k.store.Prints(ctx, k.corpus, ids)
	for _, m := range members {
		m.Family = prints[m.ID].Family
	}
	return err
}

// read reads the texts that are to be compared.
func (k *kin) read(ctx context.Context, pairs [][2]*member) error {
	wanted := map[string]*member{}
	for _, p := range pairs {
		for _, m := range p {
			if m.text == nil {
				wanted[m.ID] = m
			}
		}
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(wanted)), readAtOnce) {
		stored, err := k.store.Articles(ctx, k.corpus, part, store.Read{Text: true})
		if err != nil {
			return err
		}
		for _, id := range part {
			var text family.Text // of one that was deleted meanwhile
			if s, ok := stored[id]; ok {
				text = family.Read(cutOpening(s.Article.Body()))
			}
			wanted[id].text = &text
		}
	}
	return nil
}

// readAtOnce articles are read with their texts in one call.
const readAtOnce = 64

func (k *kin) compare(a, b *member) family.Relation {
	pair := [2]string{min(a.ID, b.ID), max(a.ID, b.ID)}
	relation, known := k.compared[pair]
	if !known {
		if a.text != nil && b.text != nil && a.sketch.Near(b.sketch) {
			relation = a.text.Compare(*b.text)
		}
		k.compared[pair] = relation
	}
	return relation
}

// changes are the families that are not as they are stored, by article.
func (k *kin) changes() map[string]string {
	changes := map[string]string{}
	seen := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(k.members)) {
		if seen[id] {
			continue
		}
		for _, f := range k.parted(k.connected(k.members[id], seen)) {
			name := ""
			if len(f) > 1 {
				name = f[0].ID
			}
			for _, m := range f {
				if m.Family != name {
					changes[m.ID] = name
				}
			}
		}
	}
	return changes
}

// connected lists the members that hang together with one.
func (k *kin) connected(m *member, seen map[string]bool) []*member {
	list := []*member{m}
	seen[m.ID] = true
	for i := 0; i < len(list); i++ {
		for _, o := range list[i].prints {
			if k.members[o.ID] == o && !seen[o.ID] {
				seen[o.ID] = true
				list = append(list, o)
			}
		}
	}
	return list
}

// parted sorts members that hang together into families: from the earliest on, each joins the first family of which every member is a print of it, so that no chain of small
// differences joins two texts. The earliest stands first in each.
func (k *kin) parted(members []*member) [][]*member {
	slices.SortFunc(members, func(a, b *member) int { return store.ComparePrints(a.Print, b.Print) })
	variants := k.variants(members)
	var families [][]*member
next:
	for _, m := range members {
		for i, f := range families {
			if !slices.ContainsFunc(f, func(o *member) bool { return k.compare(o, m) != family.Print || k.between(variants, f[0], o, m) }) {
				families[i] = append(f, m)
				continue next
			}
		}
		families = append(families, []*member{m})
	}
	return families
}

// variants lists for each member those earlier ones that it is a variant of.
func (k *kin) variants(members []*member) map[*member][]*member {
	of := map[*member][]*member{}
	for i, m := range members {
		for _, earlier := range members[:i] {
			if k.compare(earlier, m) == family.Variant {
				of[m] = append(of[m], earlier)
			}
		}
	}
	return of
}

// between reports whether an article that is earlier than a family stands between two prints: one is a print of it, and the other a variant. The one has lost the place in which they
// differ, and says nothing about the other.
func (k *kin) between(variants map[*member][]*member, first, a, b *member) bool {
	parts := func(variant, print *member) bool {
		return slices.ContainsFunc(variants[variant], func(c *member) bool {
			return store.ComparePrints(c.Print, first.Print) < 0 && k.compare(c, print) == family.Print
		})
	}
	return parts(a, b) || parts(b, a)
}
