package statement

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/akinserver/akin/embed/page"
)

// TestSplitTwice reads every page several times: an article whose statements differ from run to run would be written anew by every ingest.
func TestSplitTwice(t *testing.T) {
	files, err := filepath.Glob("../../testdata/news/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		a, err := page.Parse(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		first := Split(a)
		for range 4 {
			if again := Split(a); !slices.Equal(first, again) {
				t.Errorf("%s: read once\n%v\nand again\n%v", file, first, again)
				break
			}
		}
	}
}

// The cues are sorted out of a map: a word in two of its lists must always come to stand in the same order.
func TestCueTableIsOneTable(t *testing.T) {
	words := map[after]string{}
	for k := range after(8) {
		words[k] = fmt.Sprint("建议 分析 建议说 ", k)
	}
	first := cueTable(words)
	for range 20 {
		if again := cueTable(words); !reflect.DeepEqual(first, again) {
			t.Fatalf("got %v and %v", first, again)
		}
	}
}
