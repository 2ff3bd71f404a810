package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/akinserver/akin/store/local"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

const (
	clearLine = "\r\x1b[K"
	redraw    = 200 * time.Millisecond // of a line on a terminal
)

// openLocal opens the embedded store, and tells on w how far it is: on a terminal in one line that is gone when the store is
// open, elsewhere in a record of the log every 10 s.
func openLocal(dir string, options local.Options, w io.Writer) (*local.DB, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.NewTextHandler(w, nil))
	}
	if !isTerminal(w) {
		return local.Open(dir, options)
	}
	line := openingLine{w: w, dir: dir, last: time.Now()}
	options.Progress = line.show
	db, err := local.Open(dir, options)
	line.clear()
	return db, err
}

type openingLine struct {
	w     io.Writer
	dir   string
	last  time.Time
	shown bool
}

func (l *openingLine) show(p local.Progress) {
	if time.Since(l.last) < redraw {
		return
	}
	l.last, l.shown = time.Now(), true
	fmt.Fprintf(l.w, "%sopening %s: %s", clearLine, l.dir, p)
}

func (l *openingLine) clear() {
	if l.shown {
		fmt.Fprint(l.w, clearLine)
	}
}
