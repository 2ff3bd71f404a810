package openai

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/akinserver/akin"
)

func TestFindsRefusedTexts(t *testing.T) {
	tests := []struct {
		name   string
		answer handler
	}{
		{name: "400, as OpenAI says it", answer: unless(holds("bad"), says(400, `{"error":{"message":"'input' is invalid"}}`))},
		{name: "422, as FastAPI says it", answer: unless(holds("bad"), says(422, `{"detail":[{"loc":["input"],"msg":"value is not valid"}]}`))},
		{name: "413 without a word", answer: unless(holds("bad"), says(413, ""))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, _, waits := serve(t, Options{Parallel: 2, BatchTexts: 8}, tt.answer)
			var texts []string
			for i := range 20 {
				texts = append(texts, fmt.Sprintf("text %d", i))
			}
			texts[0], texts[6], texts[7], texts[19] = "bad", "bad", "so bad", "bad, too"
			got, err := e.Embed(t.Context(), akin.Document, texts)
			errs, _ := errors.AsType[akin.TextErrors](err)
			want := wantVectors(texts)
			var refused []int
			for _, e := range errs {
				refused = append(refused, e.Index)
				want[e.Index] = nil
			}
			if !slices.Equal(refused, []int{0, 6, 7, 19}) {
				t.Errorf("error %v\nrefused %v, want 0, 6, 7 and 19", err, refused)
			}
			if diff := diffVectors(want, got); diff != "" {
				t.Errorf("vectors (-want +got):\n%s", diff)
			}
			if len(*waits) > 0 {
				t.Errorf("waited %v for what does not change", *waits)
			}
			if !strings.Contains(err.Error(), "text 1: the server refuses it (status 4") {
				t.Errorf("error %v\ndoes not say why", err)
			}
		})
	}
}

func TestLearnsHowManyTextsGoTogether(t *testing.T) {
	few := func(w http.ResponseWriter, r *http.Request, q request) {
		if len(q.Input) > 3 {
			says(422, `{"error":"batch size 8 > maximum allowed batch size 3"}`)(w, r, q)
			return
		}
		right(w, r, q)
	}
	e, m, _ := serve(t, Options{BatchTexts: 8}, few)
	var texts []string
	for i := range 30 {
		texts = append(texts, fmt.Sprintf("text %d", i))
	}
	got, err := e.Embed(t.Context(), akin.Document, texts)
	if err != nil {
		t.Fatal(err)
	}
	checkVectors(t, texts, got)
	// The second batch is made while the first is on its way; all others know.
	for _, r := range m.requests[len(m.requests)-5:] {
		if len(r.Input) > 3 {
			t.Errorf("%d texts went together late, want 3 at most", len(r.Input))
		}
	}
	if n := e.Profile().BatchTexts; n > 3 || n < 2 {
		t.Errorf("the next request may have %d texts", n)
	}
}

// limited is a model that reads so many tokens of a text and refuses longer ones.
func limited(limit int, refusal handler) handler {
	return unless(func(text string) bool { return Tokens(text) > limit }, refusal)
}

func TestSplitsLongTexts(t *testing.T) {
	long := ""
	for i := range 20 {
		long += fmt.Sprintf("%d ferries sail at noon. %d艘渡轮正午开航。", 10+i, 10+i)
	}
	refusal := func(w http.ResponseWriter, r *http.Request, q request) {
		says(400, `{"error":{"message":"This model's maximum context length is 100 tokens."}}`)(w, r, q)
	}
	tests := []struct {
		name       string
		textTokens int
		answer     handler
	}{
		{name: "that are longer than the model is said to read", textTokens: 60, answer: limited(60, refusal)},
		{name: "that are found to be longer than it reads", answer: limited(60, refusal)},
		{name: "as vLLM's says it", answer: limited(60, says(400, `{"object":"error","message":"This model's maximum context length is 512 tokens. However, you requested 655 tokens"}`))},
		{name: "as TEI says it", answer: limited(60, says(413, "{\"error\":\"Input validation error: `inputs` must have less than 512 tokens. Given: 655\",\"error_type\":\"Validation\"}"))},
		{name: "as Ollama says it", answer: limited(60, says(400, `{"error":{"message":"the input length exceeds the context length"}}`))},
		{name: "as llama.cpp says it, with 500", answer: limited(60, says(500, `{"error":{"code":500,"message":"input is too large to process. increase the physical batch size","type":"server_error"}}`))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			options := Options{TextTokens: tt.textTokens, Parallel: 2, BatchTexts: 4, Documents: Form{Prefix: "d: "}}
			e, m, waits := serve(t, options, tt.answer)
			texts := []string{"short", long, "also short"}
			got, err := e.Embed(t.Context(), akin.Document, texts)
			if err != nil {
				t.Fatal(err)
			}
			// The pieces are what the server took, each once; their texts together are the text.
			taken := map[string]bool{}
			for _, r := range m.requests {
				fits := !slices.ContainsFunc(r.Input, func(text string) bool { return Tokens(text) > 60 })
				for _, text := range r.Input {
					if fits && text != "d: short" && text != "d: also short" {
						taken[strings.TrimPrefix(text, "d: ")] = true
					}
				}
			}
			pieces := slices.SortedFunc(maps.Keys(taken), func(a, b string) int { return strings.Index(long, a) - strings.Index(long, b) })
			sum, letters := make([]float64, 2), 0
			for rest := long; rest != ""; {
				i := slices.IndexFunc(pieces, func(p string) bool { return strings.HasPrefix(strings.TrimSpace(rest), p) })
				if i < 0 {
					t.Fatalf("no piece begins with %q", rest)
				}
				rest = strings.TrimSpace(rest)[len(pieces[i]):]
				v := vectorOf("d: " + pieces[i])
				normalise(v)
				weight := float64(Tokens(pieces[i]))
				sum[0], sum[1] = sum[0]+weight*float64(v[0]), sum[1]+weight*float64(v[1])
				letters += len(pieces[i])
			}
			length := math.Hypot(sum[0], sum[1])
			want := wantVectors([]string{"d: short", long, "d: also short"})
			want[1] = []float32{float32(sum[0] / length), float32(sum[1] / length)}
			if diff := diffVectors(want, got); diff != "" {
				t.Errorf("vectors (-want +got):\n%s", diff)
			}
			if len(pieces) < 2 || len(*waits) > 0 {
				t.Errorf("%d pieces, waits %v", len(pieces), *waits)
			}
		})
	}
}

func TestRefusesTextThatIsTooLongHoweverShort(t *testing.T) {
	e, _, _ := serve(t, Options{}, unless(holds("长"), says(413, "too long")))
	got, err := e.Embed(t.Context(), akin.Document, []string{"short", strings.Repeat("长句一个。", 50)})
	errs, _ := errors.AsType[akin.TextErrors](err)
	if len(errs) != 1 || errs[0].Index != 1 || got[1] != nil {
		t.Fatalf("got %v, error %v", got, err)
	}
	checkVectors(t, []string{"short"}, got[:1])
}

func TestSplit(t *testing.T) {
	tests := []struct {
		name, text string
		limit      int
		want       []string
	}{
		{name: "what fits is one piece", text: "One. Two.", limit: 10, want: []string{"One. Two."}},
		{name: "after sentences, as many as fit", text: "One two. Three. Four five six.", limit: 7, want: []string{"One two. Three. ", "Four five six."}},
		{name: "a point within a number or a name ends nothing", text: "It cost 3.14 at akin.go then. Done.", limit: 17, want: []string{"It cost 3.14 at akin.go then. ", "Done."}},
		{name: "quotation marks stay with their sentence", text: "他说：“好。”然后走了。", limit: 12, want: []string{"他说：“好。”", "然后走了。"}},
		{name: "after clauses where a sentence is too long", text: "一二三四五，六七八九十，十一十二。", limit: 12, want: []string{"一二三四五，", "六七八九十，", "十一十二。"}},
		{name: "after words where a clause is too long", text: "one two three four five", limit: 4, want: []string{"one two three ", "four five"}},
		{name: "within a word that is too long", text: "abcdefghi", limit: 2, want: []string{"ab", "cd", "ef", "gh", "i"}},
		{name: "lines are sentences", text: "first line\nsecond line", limit: 5, want: []string{"first line\n", "second line"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := split(tt.text, tt.limit); !slices.Equal(got, tt.want) {
				t.Errorf("split(%q, %d)\n got %q\nwant %q", tt.text, tt.limit, got, tt.want)
			}
		})
	}
}

// Nothing of a text is lost by splitting, and every piece fits.
func TestSplitKeepsAll(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`([a-z]{1,9}[ .,!\n]{0,2}){0,60}`), rapid.StringMatching(`([一-十]{1,9}[。，”]?){0,60}`)).Draw(rt, "text")
		limit := rapid.IntRange(3, 40).Draw(rt, "limit")
		pieces := split(text, limit)
		if got := strings.Join(pieces, ""); got != text {
			rt.Fatalf("the pieces are %q, the text is %q", got, text)
		}
		for _, p := range pieces {
			if n := Tokens(p); n > limit || p == "" && len(pieces) > 1 {
				rt.Errorf("%q has %d tokens, more than %d", p, n, limit)
			}
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add("他说：“好。”然后走了。", 5)
	f.Add("a.\xff b", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 3 || len(text) > 10_000 {
			t.Skip()
		}
		if got := strings.Join(split(text, limit), ""); got != text {
			t.Errorf("the pieces of %q are %q", text, got)
		}
	})
}

// The counts are those of cl100k_base, and of BERT's uncased WordPiece with its two special tokens.
func TestTokens(t *testing.T) {
	tests := []struct {
		name, text        string
		cl100k, wordpiece int
	}{
		{name: "English", text: "The ferry will run every day until the tunnel opens, Captain Rood said.", cl100k: 16, wordpiece: 18},
		{name: "figures and signs", text: "The 14.7% rise (Q3 2031) cost €1,234,567.89 — see https://news.example/a?id=99#x", cl100k: 35, wordpiece: 41},
		{name: "digits alone", text: "2031-05-19 12:00:30 0123456789 987654321", cl100k: 21, wordpiece: 25},
		{name: "long German words", text: "Größenwahn und Übermäßigkeit in Straßenbahnverkehrsordnungen", cl100k: 21, wordpiece: 28},
		{name: "Russian", text: "Паром ходит каждый день, сказал капитан Руд, и мост откроют весной.", cl100k: 33, wordpiece: 57},
		{name: "Arabic", text: "العبارة تسير كل يوم كما قال القبطان", cl100k: 23, wordpiece: 30},
		{name: "Hindi", text: "नाव हर दिन चलती है, कप्तान ने कहा।", cl100k: 32, wordpiece: 26},
		{name: "Japanese", text: "渡し船は毎日運航していると船長は語った。", cl100k: 27, wordpiece: 22},
		{name: "Korean", text: "연락선은 매일 운항한다고 선장이 말했다.", cl100k: 27, wordpiece: 42},
		{name: "emoji", text: "🚢🌊👍🏽 emoji only 😀😃", cl100k: 17, wordpiece: 8},
	}
	for _, tt := range tests {
		got, most := Tokens(tt.text)+specials, max(tt.cl100k, tt.wordpiece)
		if 10*got < 9*most || got > 3*most {
			t.Errorf("%s: %d tokens, the tokenizers count %d and %d", tt.name, got, tt.cl100k, tt.wordpiece)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"error":{"message":"sorry `+testKey+`"}}`), true)
	f.Add([]byte(`{"data":[{"embedding":[1,null]},{"embedding":"AAAA"}]}`), true)
	f.Add([]byte(`{"detail":[{"msg":"no"}]}`), false)
	f.Fuzz(func(t *testing.T, body []byte, base64 bool) {
		x := exchange{key: testKey, body: body}
		if m := x.message(); strings.Contains(m, testKey) || strings.ContainsAny(m, "\n\r\x1b") || len(m) > 400 {
			t.Errorf("a message of %d bytes: %q", len(m), m)
		}
		x.silentDefect(base64)
	})
}
