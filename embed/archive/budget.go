package archive

import (
	"errors"
	"fmt"
	"io"
)

// How much may be unpacked. Pages and feeds are packed to a tenth, JSON Lines of one mould to a hundredth.
const (
	maxRatio   = 200
	entryFloor = 4 << 20 // bytes that any entry may have, however well it is packed
	totalFloor = 1 << 30 // bytes that all entries of one outermost file may have together, at all depths
)

// Budget bounds all that one outermost file unpacks to, at all depths together.
type Budget struct {
	packed func() int64
	made   int64

	entryFloor, totalFloor int64 // the constants, but in tests
}

// NewBudget is for a file of which packed tells the bytes: those read up to now, or all.
func NewBudget(packed func() int64) *Budget {
	return &Budget{packed: packed, entryFloor: entryFloor, totalFloor: totalFloor}
}

// guard hands out what an unpacker makes, until it is too much for the bytes that it was made of.
func (b *Budget) guard(format string, r io.Reader, packed func() int64) io.Reader {
	return &guarded{format: format, r: r, packed: packed, budget: b}
}

type guarded struct {
	format string
	r      io.Reader
	packed func() int64
	made   int64
	budget *Budget
	err    error // which stays
}

func (g *guarded) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.r.Read(p)
	g.made += int64(n)
	g.budget.made += int64(n)
	switch packed := g.packed(); {
	case g.made > g.budget.entryFloor+maxRatio*packed:
		err = fmt.Errorf("%s: %w: %d bytes from %d", g.format, ErrBomb, g.made, packed)
	case g.budget.made > g.budget.totalFloor+maxRatio*g.budget.packed():
		err = fmt.Errorf("%s: %w: the whole file has come to %d bytes", g.format, ErrBomb, g.budget.made)
	case err != nil && !errors.Is(err, io.EOF):
		err = cutShort(g.format, err)
	}
	g.err = err
	return n, err
}
