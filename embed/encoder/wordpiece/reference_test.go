package wordpiece

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// TestReference compares with the ids of Hugging Face's tokenizers, as tools/check-bert.sh has written them: AKIN_MINILM is the model's folder,
// AKIN_REFERENCE the file.
func TestReference(t *testing.T) {
	dir, reference := os.Getenv("AKIN_MINILM"), os.Getenv("AKIN_REFERENCE")
	if dir == "" || reference == "" {
		t.Skip("tools/check-bert.sh sets AKIN_MINILM and AKIN_REFERENCE")
	}
	tokenizer, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(reference)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	texts := 0
	for lines := bufio.NewReader(f); ; texts++ {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var want struct {
			Text string
			IDs  []int32
		}
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		before, after := tokenizer.Frame()
		got := slices.Concat(before, tokenizer.Append(nil, want.Text), after)
		if !slices.Equal(got, want.IDs) {
			t.Errorf("%q:\ngot  %v\nwant %v", want.Text, got, want.IDs)
		}
	}
	if texts < 2000 {
		t.Fatalf("the file holds %d texts, and 2000 are wanted", texts)
	}
}
