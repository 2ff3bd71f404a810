package local

import (
	"errors"
	"slices"

	"github.com/akinserver/akin/store/local/tokenizer"
	"github.com/qdrant/go-client/qdrant"
)

func newTokenizer(p *qdrant.TextIndexParams) (*tokenizer.Tokenizer, error) {
	t, err := tokenizer.New(p)
	if errors.Is(err, tokenizer.ErrMissing) {
		return nil, unimplemented("text index: %v", err)
	}
	if err != nil {
		return nil, invalid("%v", err)
	}
	return t, nil
}

// stringsOf lists the strings among the values of a field, those in arrays included.
func stringsOf(values []*qdrant.Value) []string {
	var out []string
	for _, v := range values {
		anyOf(v, func(v *qdrant.Value) bool {
			if s, ok := v.GetKind().(*qdrant.Value_StringValue); ok {
				out = append(out, s.StringValue)
			}
			return false
		})
	}
	return out
}

// tokensOf cuts all strings among the values of a field, in their order.
func tokensOf(values []*qdrant.Value, cut func(string) []string) []string {
	var tokens []string
	for _, s := range stringsOf(values) {
		tokens = append(tokens, cut(s)...)
	}
	return tokens
}

// textQuery is a text condition on a field with a text index.
type textQuery struct {
	*tokenizer.Tokenizer
	tokens []string
	any    bool // one token is enough
	phrase bool // the tokens stand side by side, in order
}

// impossible tells that no text matches: there is nothing to look for, or phrases are not indexed.
func (q *textQuery) impossible() bool { return len(q.tokens) == 0 || q.phrase && !q.Phrases() }

func (q *textQuery) matches(values []*qdrant.Value) bool {
	return !q.impossible() && q.holds(values)
}

func (q *textQuery) holds(values []*qdrant.Value) bool {
	if len(q.tokens) == 0 {
		return false
	}
	if q.phrase {
		tokens := tokensOf(values, q.Document)
		for i := range tokens {
			if i+len(q.tokens) <= len(tokens) && slices.Equal(tokens[i:i+len(q.tokens)], q.tokens) {
				return true
			}
		}
		return false
	}
	terms := tokensOf(values, q.Terms)
	found := func(t string) bool { return slices.Contains(terms, t) }
	if q.any {
		return slices.ContainsFunc(q.tokens, found)
	}
	return !slices.ContainsFunc(q.tokens, func(t string) bool { return !found(t) })
}
