package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/akinserver/akin/server/access"
)

// keysFlags say where the keys are.
type keysFlags struct {
	Keys string `help:"File of the keys: their hashes, what they are good for. keys.json in --data by default." placeholder:"FILE" group:"Keys"`
}

func (f keysFlags) path(data string) string {
	if f.Keys == "" {
		return filepath.Join(data, "keys.json")
	}
	return f.Keys
}

// keysFile is what the commands of keys work on.
type keysFile struct {
	keysFlags
	Data string `help:"Folder of the embedded store." default:"data" placeholder:"DIR" group:"Keys"`
}

func (f keysFile) path() string { return f.keysFlags.path(f.Data) }

type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Make a key and print it. It is not stored: only its hash is."`
	List   keysListCmd   `cmd:"" default:"withargs" help:"List the keys by their ids."`
	Revoke keysRevokeCmd `cmd:"" help:"Make a key useless. Servers know a second later."`
	Rotate keysRotateCmd `cmd:"" help:"Make a new key with the id of another, and print it. The one before stays good for a while."`
}

type keysCreateCmd struct {
	keysFile
	Scope  access.Scope `help:"What it is good for: read; write, which is read too; or admin, which is all of it in all corpora." required:"" placeholder:"read|write|admin"`
	Corpus string       `help:"The one corpus that it is good for." placeholder:"NAME"`
	Origin []string     `help:"Origins of the pages that may use it, which makes a read key fit to be published in them." placeholder:"https://HOST"`
	Rate   float64      `help:"Calls a second; 0 for what the server allows every key."`
	Note   string       `help:"What it is for."`
}

func (c keysCreateCmd) Run(std streams) error {
	key, made, err := access.CreateKey(c.path(), access.Key{Scope: c.Scope, Corpus: c.Corpus, Origins: c.Origin, Rate: c.Rate, Note: c.Note})
	if err != nil {
		return err
	}
	fmt.Fprintf(std.err, "key %s, in %s; this is the only time that it is shown:\n", made.ID, c.path())
	_, err = fmt.Fprintln(std.out, key)
	return err
}

type keysListCmd struct{ keysFile }

func (c keysListCmd) Run(std streams) error {
	keys, err := access.ListKeys(c.path())
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(std.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(out, "ID\tSCOPE\tCORPUS\tRATE\tCREATED\tROTATED\tORIGINS\tNOTE")
	for _, k := range keys {
		rotated, rate := "", ""
		if k.Old != nil {
			rotated = "the one before until " + k.Old.Until.Format(time.RFC3339)
		}
		if k.Rate > 0 {
			rate = strconv.FormatFloat(k.Rate, 'g', -1, 64)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Scope, k.Corpus, rate, k.Created.Format(time.DateOnly), rotated, strings.Join(k.Origins, " "), k.Note)
	}
	return out.Flush()
}

type keysRevokeCmd struct {
	ID string `arg:"" help:"Its id, as akin keys list shows it."`
	keysFile
}

func (c keysRevokeCmd) Run(std streams) error {
	if err := access.RevokeKey(c.path(), c.ID); err != nil {
		return err
	}
	_, err := fmt.Fprintf(std.out, "key %s is revoked\n", c.ID)
	return err
}

type keysRotateCmd struct {
	ID string `arg:"" help:"Its id, as akin keys list shows it."`
	keysFile
	Grace time.Duration `help:"How long the key before stays good." default:"24h"`
}

func (c keysRotateCmd) Run(std streams) error {
	key, err := access.RotateKey(c.path(), c.ID, c.Grace)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(std.out, key)
	return err
}
