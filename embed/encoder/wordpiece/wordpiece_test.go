package wordpiece

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestIDs compares with the ids that Hugging Face's tokenizers, called by tools/make-models.py, give to some texts of all scripts.
func TestIDs(t *testing.T) {
	for _, name := range []string{"uncased", "cased", "accents", "added"} {
		t.Run(name, func(t *testing.T) {
			tokenizer := parsed(t, "testdata/"+name+".json")
			texts := 0
			for text, want := range reference(t, "testdata/"+name+".jsonl") {
				texts++
				if got := framed(tokenizer, text); !slices.Equal(got, want) {
					t.Errorf("%q:\ngot  %v\nwant %v", text, got, want)
				}
			}
			if texts < 50 {
				t.Errorf("%d texts were compared", texts)
			}
		})
	}
}

// TestReference compares with the ids of Hugging Face's tokenizers on a real vocabulary, as tools/check-bert.sh has written them: AKIN_MINILM is the
// model's folder, AKIN_REFERENCE the file.
func TestReference(t *testing.T) {
	dir, file := os.Getenv("AKIN_MINILM"), os.Getenv("AKIN_REFERENCE")
	if dir == "" || file == "" {
		t.Skip("tools/check-bert.sh sets AKIN_MINILM and AKIN_REFERENCE")
	}
	whole, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	// Without tokenizer.json, the same vocabulary is read from vocab.txt.
	apart := t.TempDir()
	for _, name := range []string{"vocab.txt", "tokenizer_config.json"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(apart, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := Open(apart)
	if err != nil {
		t.Fatal(err)
	}
	texts := 0
	for text, want := range reference(t, file) {
		texts++
		for name, tokenizer := range map[string]*Tokenizer{"tokenizer.json": whole, "vocab.txt": lines} {
			if got := framed(tokenizer, text); !slices.Equal(got, want) {
				t.Errorf("%s, %q:\ngot  %v\nwant %v", name, text, got, want)
			}
		}
	}
	if texts < 2000 {
		t.Fatalf("the file holds %d texts, and 2000 are wanted", texts)
	}
}

func parsed(t *testing.T, name string) *Tokenizer {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}

func framed(t *Tokenizer, text string) []int32 {
	before, after := t.Frame()
	return slices.Concat(before, t.Append(nil, text), after)
}

// reference yields the texts and ids of a file of JSON Lines.
func reference(t *testing.T, name string) func(yield func(string, []int32) bool) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return func(yield func(string, []int32) bool) {
		for d := json.NewDecoder(bufio.NewReader(f)); ; {
			var line struct {
				Text string
				IDs  []int32
			}
			err := d.Decode(&line)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !yield(line.Text, line.IDs) {
				return
			}
		}
	}
}

// TestCharacters looks at every character by itself. It fails where a new Go knows a newer Unicode: then tables.go has to list what is new.
func TestCharacters(t *testing.T) {
	want, err := os.ReadFile("testdata/characters.txt")
	if err != nil {
		t.Fatal(err)
	}
	tokenizer := &Tokenizer{rules: rules{CleanText: true}}
	var got strings.Builder
	last := "none"
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		kind := ""
		switch cleaned := string(tokenizer.clean(nil, string(r))); cleaned {
		case "":
			kind = "d"
		case " ":
			kind = "s"
		}
		if isMark(r) {
			kind += "m"
		}
		if isChinese(r) {
			kind += "c"
		}
		if isPunctuation(r) {
			kind += "p"
		}
		if kind != last {
			fmt.Fprintf(&got, "%x %s\n", r, kind)
			last = kind
		}
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("characters are of other kinds than in tokenizers:\n%s", diff)
	}
}

func TestPieces(t *testing.T) {
	tokenizer := parsed(t, "testdata/uncased.json")
	if tokenizer.Unknown() != 1 || tokenizer.Size() < 500 {
		t.Errorf("unknown is %d, size %d", tokenizer.Unknown(), tokenizer.Size())
	}
	ids := tokenizer.Append(nil, "bridging")
	if len(ids) < 2 || tokenizer.Continues(ids[0]) || !tokenizer.Continues(ids[1]) {
		t.Errorf("of the pieces %v of a word, the first begins it and the others go on", ids)
	}
	if a, b := tokenizer.Append(nil, "a\xffb"), tokenizer.Append(nil, "a\ufffdb"); !slices.Equal(a, b) {
		t.Errorf("bytes that are no UTF-8 are %v, and the replacement character is %v", a, b)
	}
}

func TestDigest(t *testing.T) {
	data, err := os.ReadFile("testdata/uncased.json")
	if err != nil {
		t.Fatal(err)
	}
	same := strings.Replace(string(data), `"truncation":null`, `"truncation":{"max_length":5,"strategy":"LongestFirst","stride":0}`, 1)
	other := strings.Replace(string(data), `"lowercase":true`, `"lowercase":false`, 1)
	if same == string(data) || other == string(data) {
		t.Fatal("the file does not hold what this test changes")
	}
	digest := func(text string) [32]byte {
		tokenizer, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return tokenizer.Digest()
	}
	if digest(string(data)) != digest(same) {
		t.Error("how texts would be truncated changes the digest")
	}
	if digest(string(data)) == digest(other) {
		t.Error("lower case does not change the digest")
	}
}

func TestParseRefuses(t *testing.T) {
	const good = `{"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,
		"model":{"type":"WordPiece","unk_token":"?","vocab":{"?":0,"a":1}}}`
	tests := []struct{ name, old, by, want string }{
		{"no JSON", good, `{`, "JSON"},
		{"another model", "WordPiece", "Unigram", `"Unigram"`},
		{"no type, and nothing that tells", `"type":"WordPiece",`, "", `type ""`},
		{"a vocabulary that is a list", `{"?":0,"a":1}`, `[["?",0]]`, "model"},
		{"no vocabulary", `{"?":0,"a":1}`, `{}`, "empty"},
		{"no piece for the unknown", `"?":0,`, "", `lacks "?"`},
		{"a negative id", `"a":1`, `"a":-1`, "-1"},
		{"an id beyond any", `"a":1`, `"a":2147483647`, "2147483647"},
		{"an id that is none", `"a":1`, `"a":1.5`, "model"},
		{"words of no length", `"unk_token"`, `"max_input_chars_per_word":0,"unk_token"`, "at most 0"},
		{"another normalizer", "BertNormalizer", "Precompiled", `"Precompiled"`},
		{"several normalizers", `{"type":"BertNormalizer"}`, `{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"BertNormalizer"}]}`, `"Sequence"`},
		{"another pre-tokenizer", "BertPreTokenizer", "Metaspace", `"Metaspace"`},
		{"no pre-tokenizer", `{"type":"BertPreTokenizer"}`, "null", "pre-tokenizer"},
		{"another post-processor", `"post_processor":null`, `"post_processor":{"type":"RobertaProcessing"}`, `"RobertaProcessing"`},
		{"a template without a text", `"post_processor":null`, `"post_processor":{"type":"TemplateProcessing","single":[]}`, "0 texts"},
		{"a text of another type", `"post_processor":null`, `"post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":1}}]}`, "type 1"},
		{"special tokens without ids", `"post_processor":null`, `"post_processor":{"type":"BertProcessing","cls":["[CLS]","x"],"sep":["[SEP]",3]}`, "post_processor"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data := strings.Replace(good, test.old, test.by, 1)
			if _, err := Parse([]byte(data)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that tells %q", err, test.want)
			}
		})
	}
	if _, err := Parse([]byte(good)); err != nil {
		t.Errorf("what the tests change is refused itself: %v", err)
	}
}

func TestVocabularyLines(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("vocab.txt", "[PAD]\r\n<s>\r\n</s>\r\n[UNK]\r\nnew\r\n##s\r\nNew\r\n\r\nnew")
	put("tokenizer_config.json", `{"cls_token":"<s>","sep_token":{"content":"</s>"},"do_lower_case":false,"pad_token":null}`)
	tokenizer, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	// A piece that stands there twice has the number of its last line.
	if got, want := framed(tokenizer, "New news </s> old"), []int32{1, 6, 8, 5, 2, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	put("tokenizer_config.json", `{"cls_token":"[CLS]"}`)
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), `"[CLS]"`) {
		t.Errorf("error %v, want that [CLS] is missing", err)
	}
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/added.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, "A new  town <a> Miller [SEP] 新桥 naïve")
	f.Add([]byte(`{"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"BertProcessing","cls":["a",1],"sep":["?",0]},`+
		`"model":{"type":"WordPiece","unk_token":"?","vocab":{"?":0,"a":1,"##":2}},"added_tokens":[{"id":3,"content":" ","lstrip":true,"rstrip":true}]}`), "a a  ##a")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		tokenizer, err := Parse(data)
		if err != nil {
			return
		}
		for _, id := range framed(tokenizer, text) {
			if id < 0 || int(id) >= tokenizer.Size() {
				t.Fatalf("%q has the id %d, of %d", text, id, tokenizer.Size())
			}
		}
	})
}
