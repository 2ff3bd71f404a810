// Command generated prints generated articles of about 1,500 characters as JSON Lines, to measure akin at sizes that no sample has: always the same ones.
//
//	go run ./tools/generated 200000 > generated.jsonl
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/akinserver/akin/embed/page"
	"github.com/akinserver/akin/testdata"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "generated: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("want the number of articles, got %d arguments", len(args))
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no number of articles", args[0])
	}
	w := bufio.NewWriter(out)
	for a := range testdata.Generated(n) {
		line, err := page.JSON(a)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return w.Flush()
}
