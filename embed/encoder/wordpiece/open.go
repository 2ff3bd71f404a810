package wordpiece

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/akinserver/akin/embed/encoder/folder"
)

// Open reads the tokenizer of a model's folder: tokenizer.json or, where there is none, vocab.txt with tokenizer_config.json.
// Where both say something, tokenizer.json is right. How it truncates and pads is no matter here.
func Open(dir string) (*Tokenizer, error) {
	data, err := folder.Read(dir, "tokenizer.json", folder.MaxVocabulary)
	if errors.Is(err, fs.ErrNotExist) {
		return openVocabulary(dir)
	}
	if err != nil {
		return nil, err
	}
	t, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "tokenizer.json"), err)
	}
	return t, nil
}

// file is tokenizer.json, as far as it matters.
type file struct {
	Added         []Added         `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Model         json.RawMessage `json:"model"`
}

// Parse reads a tokenizer.json. It refuses, by their names, models and steps other than those of BERT.
func Parse(data []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	var kind struct {
		Type   string  `json:"type"`
		Prefix *string `json:"continuing_subword_prefix"`
	}
	if err := json.Unmarshal(f.Model, &kind); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if kind.Type != "WordPiece" && (kind.Type != "" || kind.Prefix == nil) { // old files do not tell the type
		return nil, fmt.Errorf("the tokenizer is of the type %q, and only WordPiece is read here", kind.Type)
	}
	model := struct {
		Unknown    string           `json:"unk_token"`
		Prefix     string           `json:"continuing_subword_prefix"`
		MaxWord    int              `json:"max_input_chars_per_word"`
		Vocabulary map[string]int32 `json:"vocab"`
	}{"[UNK]", "##", 100, nil}
	if err := json.Unmarshal(f.Model, &model); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	r := rules{Unknown: model.Unknown, Prefix: model.Prefix, MaxWord: model.MaxWord, Added: f.Added}
	if err := errors.Join(r.readNormalizer(f.Normalizer), readPreTokenizer(f.PreTokenizer), r.readPostProcessor(f.PostProcessor)); err != nil {
		return nil, err
	}
	return build(r, model.Vocabulary)
}

// step is a step of the way from a text to its ids: each names its type.
type step struct {
	Type          string            `json:"type"`
	Normalizers   []json.RawMessage `json:"normalizers"`
	PreTokenizers []json.RawMessage `json:"pretokenizers"`
	Processors    []json.RawMessage `json:"processors"`
}

// single returns the step of a sequence of one, and its type; "" where there is no step.
func single(data json.RawMessage, field string) (json.RawMessage, string, error) {
	var s step
	if len(data) == 0 || string(data) == "null" {
		return nil, "", nil
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, "", fmt.Errorf("%s: %w", field, err)
	}
	steps := append(append(s.Normalizers, s.PreTokenizers...), s.Processors...)
	if s.Type == "Sequence" && len(steps) == 1 {
		if err := json.Unmarshal(steps[0], &s); err != nil {
			return nil, "", fmt.Errorf("%s: %w", field, err)
		}
		return steps[0], s.Type, nil
	}
	return data, s.Type, nil
}

func (r *rules) readNormalizer(data json.RawMessage) error {
	data, kind, err := single(data, "normalizer")
	switch {
	case err != nil || kind == "":
		return err
	case kind != "BertNormalizer":
		return fmt.Errorf("the normalizer is of the type %q, and only BertNormalizer is read here", kind)
	}
	n := normalizer{CleanText: true, Chinese: true, Lowercase: true}
	if err := json.Unmarshal(data, &n); err != nil {
		return fmt.Errorf("normalizer: %w", err)
	}
	r.normalizer(n)
	return nil
}

// normalizer is BertNormalizer's settings.
type normalizer struct {
	CleanText    bool  `json:"clean_text"`
	Chinese      bool  `json:"handle_chinese_chars"`
	StripAccents *bool `json:"strip_accents"` // as Lowercase where it is null
	Lowercase    bool  `json:"lowercase"`
}

func (r *rules) normalizer(n normalizer) {
	r.CleanText, r.Chinese, r.Lowercase, r.StripAccents = n.CleanText, n.Chinese, n.Lowercase, n.Lowercase
	if n.StripAccents != nil {
		r.StripAccents = *n.StripAccents
	}
}

func readPreTokenizer(data json.RawMessage) error {
	_, kind, err := single(data, "pre_tokenizer")
	if err == nil && kind != "BertPreTokenizer" {
		err = fmt.Errorf("the pre-tokenizer is of the type %q, and only BertPreTokenizer is read here", kind)
	}
	return err
}

// readPostProcessor reads what stands around a single text.
func (r *rules) readPostProcessor(data json.RawMessage) error {
	data, kind, err := single(data, "post_processor")
	if err != nil {
		return err
	}
	switch kind {
	case "":
		return nil
	case "BertProcessing":
		return r.readBertProcessing(data)
	case "TemplateProcessing":
		return r.readTemplate(data)
	}
	return fmt.Errorf("the post-processor is of the type %q, and only TemplateProcessing and BertProcessing are read here", kind)
}

func (r *rules) readBertProcessing(data json.RawMessage) error {
	var p struct{ CLS, SEP [2]any } // each a token and its id
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("post_processor: %w", err)
	}
	cls, okCLS := p.CLS[1].(float64)
	sep, okSEP := p.SEP[1].(float64)
	if !okCLS || !okSEP || min(cls, sep) < 0 || max(cls, sep) > maxID {
		return fmt.Errorf("post_processor: the ids of cls and sep are %v and %v", p.CLS[1], p.SEP[1])
	}
	r.Before, r.After = []int32{int32(cls)}, []int32{int32(sep)}
	return nil
}

func (r *rules) readTemplate(data json.RawMessage) error {
	type place struct {
		ID   string `json:"id"`
		Type int    `json:"type_id"`
	}
	var p struct {
		Single []struct {
			SpecialToken, Sequence *place
		} `json:"single"`
		Special map[string]struct {
			IDs []int32 `json:"ids"`
		} `json:"special_tokens"`
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("post_processor: %w", err)
	}
	into, texts := &r.Before, 0
	for _, part := range p.Single {
		switch {
		case part.Sequence != nil:
			into = &r.After
			texts++
		case part.SpecialToken != nil:
			*into = append(*into, p.Special[part.SpecialToken.ID].IDs...)
		}
		for _, at := range []*place{part.Sequence, part.SpecialToken} {
			if at != nil && at.Type != 0 {
				return fmt.Errorf("post_processor: %q has the type %d, and a single text has type 0", at.ID, at.Type)
			}
		}
	}
	if texts != 1 {
		return fmt.Errorf("post_processor: the template of a single text holds %d texts", texts)
	}
	return nil
}

// tokenizerConfig is tokenizer_config.json, as far as BertTokenizer looks at it.
type tokenizerConfig struct {
	Lowercase    *bool `json:"do_lower_case"`
	Chinese      *bool `json:"tokenize_chinese_chars"`
	StripAccents *bool `json:"strip_accents"`
	Unknown      token `json:"unk_token"`
	SEP          token `json:"sep_token"`
	CLS          token `json:"cls_token"`
	PAD          token `json:"pad_token"`
	MASK         token `json:"mask_token"`
}

// token is a special token: its text, or an object with its text.
type token string

func (t *token) UnmarshalJSON(data []byte) error {
	var object struct{ Content string }
	if len(data) > 0 && data[0] == '{' {
		err := json.Unmarshal(data, &object)
		*t = token(object.Content)
		return err
	}
	var text *string
	err := json.Unmarshal(data, &text)
	if text != nil {
		*t = token(*text)
	}
	return err
}

func openVocabulary(dir string) (*Tokenizer, error) {
	data, err := folder.Read(dir, "vocab.txt", folder.MaxVocabulary)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has neither tokenizer.json nor vocab.txt, so there is no WordPiece tokenizer in it: %w", dir, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	config := tokenizerConfig{Unknown: "[UNK]", SEP: "[SEP]", CLS: "[CLS]", PAD: "[PAD]", MASK: "[MASK]"}
	if _, err := folder.JSON(dir, "tokenizer_config.json", &config); err != nil {
		return nil, err
	}
	t, err := fromVocabulary(string(data), config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "vocab.txt"), err)
	}
	return t, nil
}

// fromVocabulary makes the tokenizer that BertTokenizerFast makes: a line a piece, whose id is its number.
func fromVocabulary(lines string, config tokenizerConfig) (*Tokenizer, error) {
	vocabulary, number := map[string]int32{}, int32(0)
	for line := range strings.Lines(lines) {
		vocabulary[strings.TrimRight(line, "\r\n")] = number
		number++
	}
	r := rules{Unknown: string(config.Unknown), Prefix: "##", MaxWord: 100}
	n := normalizer{CleanText: true, Chinese: true, Lowercase: true, StripAccents: config.StripAccents}
	if config.Lowercase != nil {
		n.Lowercase = *config.Lowercase
	}
	if config.Chinese != nil {
		n.Chinese = *config.Chinese
	}
	r.normalizer(n)
	for _, t := range []token{config.Unknown, config.SEP, config.PAD, config.CLS, config.MASK} {
		if id, ok := vocabulary[string(t)]; ok {
			r.Added = append(r.Added, Added{ID: id, Content: string(t)})
		}
	}
	cls, okCLS := vocabulary[string(config.CLS)]
	sep, okSEP := vocabulary[string(config.SEP)]
	if !okCLS || !okSEP {
		return nil, fmt.Errorf("the vocabulary lacks %q or %q", config.CLS, config.SEP)
	}
	r.Before, r.After = []int32{cls}, []int32{sep}
	return build(r, vocabulary)
}
