package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/akinserver/akin"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/generation"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/server/wire"
)

// Limits of a request, as the API documents them.
const (
	defaultPageSize = 10
	maxPageSize     = 100
	maxSeeds        = 32
	maxSeedText     = 100_000
	maxFilterValues = 100
	maxFilterValue  = akin.MaxIDLength // bytes
	maxToken        = 1024             // bytes
	maxListedIDs    = 1_000
	maxDeletedIDs   = 1_000
	defaultEvidence = 3
	maxEvidence     = 10
	maxHalfLife     = 36_500 // days
)

func invalid(field, format string, args ...any) error {
	return &akin.InvalidError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

func corpusFrom(name string) (string, error) {
	if name == "" {
		return akin.DefaultCorpus, nil
	}
	return name, akin.ValidateCorpus(name)
}

func pageSizeFrom(n int32) (int, error) {
	switch {
	case n < 0:
		return 0, invalid("page_size", "%d is below 0", n)
	case n == 0:
		return defaultPageSize, nil
	}
	return int(min(n, maxPageSize)), nil
}

func bandFrom(b akinv1.Band) (akin.Band, error) {
	if _, ok := akinv1.Band_name[int32(b)]; !ok {
		return 0, invalid("min_band", "%d is no band", b)
	}
	return akin.Band(b), nil // the numbers are the same (TestBandNumbers)
}

func evidenceFrom(n int32) int {
	switch {
	case n < 0:
		return 0
	case n == 0:
		return defaultEvidence
	}
	return int(min(n, maxEvidence))
}

func filterFrom(m *akinv1.Filter) (akin.Filter, error) {
	f := wire.Filter(m)
	lists := []struct {
		field  string
		values []string
		most   int
	}{
		{"languages", f.Languages, maxFilterValues},
		{"sections", f.Sections, maxFilterValues},
		{"sources", f.Sources, maxFilterValues},
		{"speakers", f.Speakers, maxFilterValues},
		{"excluded_speakers", f.ExcludedSpeakers, maxFilterValues},
		{"keywords", f.Keywords, maxFilterValues},
		{"excluded_ids", f.ExcludedIDs, maxListedIDs},
		{"ids", f.IDs, maxListedIDs},
	}
	for _, l := range lists {
		if len(l.values) > l.most {
			return f, invalid("filter."+l.field, "%d values, at most %d", len(l.values), l.most)
		}
		for i, v := range l.values {
			if v == "" {
				return f, invalid(fmt.Sprintf("filter.%s[%d]", l.field, i), "is empty")
			}
			if len(v) > maxFilterValue {
				return f, invalid(fmt.Sprintf("filter.%s[%d]", l.field, i), "%d bytes, at most %d", len(v), maxFilterValue)
			}
		}
	}
	if f.Kind != "" && f.Kind != akin.Direct && f.Kind != akin.Indirect {
		return f, invalid("filter.kind", "%s is no kind", f.Kind)
	}
	dates := []struct{ field, value string }{{"published_from", f.PublishedFrom}, {"published_before", f.PublishedBefore}}
	for _, d := range dates {
		if d.value == "" {
			continue
		}
		if _, err := akin.ParseDate(d.value); err != nil {
			return f, invalid("filter."+d.field, "%v", err)
		}
	}
	return f, nil
}

// seedsFrom puts what a request names by itself, if it does, before its other seeds.
func seedsFrom(named string, in []*akinv1.Seed) ([]akin.Seed, error) {
	seeds := make([]akin.Seed, 0, 1+len(in))
	if named != "" {
		if err := validateSeedID("id", named); err != nil {
			return nil, err
		}
		seeds = append(seeds, akin.Seed{ID: named})
	}
	if n := len(seeds) + len(in); n > maxSeeds {
		return nil, invalid("seeds", "%d seeds, at most %d", n, maxSeeds)
	}
	for i, m := range in {
		field := fmt.Sprintf("seeds[%d]", i)
		seeds = append(seeds, akin.Seed{ID: m.GetId(), Text: m.GetText(), Negative: m.GetNegative()})
		switch origin := m.GetOrigin().(type) {
		case *akinv1.Seed_Id:
			if err := validateSeedID(field+".id", origin.Id); err != nil {
				return nil, err
			}
		case *akinv1.Seed_Text:
			switch {
			case len(origin.Text) > maxSeedText:
				return nil, invalid(field+".text", "%d bytes, at most %d", len(origin.Text), maxSeedText)
			case !strings.ContainsFunc(origin.Text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }):
				return nil, invalid(field+".text", "holds no letter, number or ideograph")
			}
		default:
			return nil, invalid(field, "has neither id nor text")
		}
	}
	if !slices.ContainsFunc(seeds, func(s akin.Seed) bool { return !s.Negative }) {
		return nil, invalid("seeds", "at least one positive seed is needed")
	}
	return seeds, nil
}

// validateSeedID leaves room for the number of a statement.
func validateSeedID(field, id string) error {
	article := id
	if at := strings.LastIndexByte(id, '#'); at > 0 {
		article = id[:at]
	}
	return akin.ValidateID(field, article)
}

// pageRequest is what the similarity requests have in common.
type pageRequest interface {
	proto.Message
	GetCorpus() string
	GetId() string
	GetSeeds() []*akinv1.Seed
	GetFilter() *akinv1.Filter
	GetPageSize() int32
	GetPageToken() string
	GetMinBand() akinv1.Band
	GetFreshness() *akinv1.Freshness
	GetDiversity() float64
}

func queryFrom(ctx context.Context, m pageRequest, g *generation.Generation) (query.Request, error) {
	corpus, err := corpusFrom(m.GetCorpus())
	if err != nil {
		return query.Request{}, err
	}
	named, err := seedNamed(ctx, m, corpus, g)
	if err != nil {
		return query.Request{}, err
	}
	seeds, err := seedsFrom(named, m.GetSeeds())
	if err != nil {
		return query.Request{}, err
	}
	filter, err := filterFrom(m.GetFilter())
	if err != nil {
		return query.Request{}, err
	}
	limit, err := pageSizeFrom(m.GetPageSize())
	if err != nil {
		return query.Request{}, err
	}
	band, err := bandFrom(m.GetMinBand())
	if err != nil {
		return query.Request{}, err
	}
	token, err := parseToken(m, m.GetPageToken())
	if err != nil {
		return query.Request{}, err
	}
	if token.Request != "" && token.Generation != g.Store.Name() {
		return query.Request{}, invalid("page_token", "belongs to an answer of another generation: ask for the first page again")
	}
	if token.Offset < 0 || token.Offset > 2*query.Depth {
		return query.Request{}, invalid("page_token", "is not one that this server gave")
	}
	freshness, err := freshnessFrom(m.GetFreshness())
	if err != nil {
		return query.Request{}, err
	}
	if d := m.GetDiversity(); !(d >= 0 && d <= 1) { // NaN is neither
		return query.Request{}, invalid("diversity", "%v is not within 0 to 1", d)
	}
	return query.Request{
		Corpus: corpus, Seeds: seeds, Filter: filter, Offset: token.Offset, Limit: limit, MinBand: band, Time: freshness, Diversity: m.GetDiversity(),
	}, nil
}

// seedNamed is the id of the seed that a request names by itself; empty when it names none.
func seedNamed(ctx context.Context, m pageRequest, corpus string, g *generation.Generation) (string, error) {
	of, ok := m.(interface{ GetUrl() string })
	if !ok || of.GetUrl() == "" {
		return m.GetId(), nil
	}
	if m.GetId() != "" {
		return "", invalid("url", "stands beside id: one of them is enough")
	}
	id, err := g.Store.PublishedAt(ctx, corpus, of.GetUrl())
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", fmt.Errorf("an article of corpus %q that is published at %q: %w", corpus, of.GetUrl(), akin.ErrNotFound)
	}
	return id, nil
}

func freshnessFrom(m *akinv1.Freshness) (query.Time, error) {
	t := query.Time{Reference: m.GetReferenceDate(), HalfLife: m.GetHalfLifeDays(), Scope: query.TimeScope(m.GetScope())} // the numbers are the same (TestScopeNumbers)
	if t.Reference != "" {
		if _, err := akin.ParseDate(t.Reference); err != nil {
			return t, invalid("freshness.reference_date", "%v", err)
		}
	}
	if !(t.HalfLife >= 0 && t.HalfLife <= maxHalfLife) {
		return t, invalid("freshness.half_life_days", "%v is not within 0 to %d", t.HalfLife, maxHalfLife)
	}
	if _, ok := akinv1.TimeScope_name[int32(m.GetScope())]; !ok {
		return t, invalid("freshness.scope", "%d is no scope", m.GetScope())
	}
	return t, nil
}

// statementsFrom adds what only a request for statements has.
func statementsFrom(r query.Request, m *akinv1.SimilarStatementsRequest) (query.Request, error) {
	if _, ok := akinv1.SpeakerScope_name[int32(m.GetSpeakerScope())]; !ok {
		return r, invalid("speaker_scope", "%d is no scope", m.GetSpeakerScope())
	}
	if _, ok := akinv1.StatementOrder_name[int32(m.GetOrder())]; !ok {
		return r, invalid("order", "%d is no order", m.GetOrder())
	}
	r.Speakers, r.Order = query.SpeakerScope(m.GetSpeakerScope()), query.Order(m.GetOrder()) // the numbers are the same (TestScopeNumbers)
	if r.Order != query.ByScore && r.MinBand == akin.AnyBand {
		r.MinBand = akin.SameTopic // by date, what is hardly alike would stand among what is
	}
	return r, nil
}

// pageToken says where the next page begins, and of which request.
type pageToken struct {
	Offset  int    `json:"o,omitempty"`
	After   string `json:"a,omitempty"` // a point's id
	Request string `json:"r"`

	Generation string `json:"g,omitempty"` // of a page that only the generation knows which gave the one before
}

// of binds a token to a request: all its fields but those that tell one page from another.
func requestDigest(m proto.Message) string {
	bare := proto.Clone(m)
	fields := bare.ProtoReflect().Descriptor().Fields()
	bare.ProtoReflect().Clear(fields.ByName("page_size"))
	bare.ProtoReflect().Clear(fields.ByName("page_token"))
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(bare)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(append([]byte(m.ProtoReflect().Descriptor().FullName()), b...))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

func (t pageToken) encode(m proto.Message) string {
	t.Request = requestDigest(m)
	b, err := json.Marshal(t)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseToken(m proto.Message, token string) (pageToken, error) {
	var t pageToken
	if token == "" {
		return t, nil
	}
	if len(token) > maxToken {
		return t, invalid("page_token", "is not one that this server gave")
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || json.Unmarshal(b, &t) != nil {
		return t, invalid("page_token", "is not one that this server gave")
	}
	if t.Request != requestDigest(m) {
		return t, invalid("page_token", "belongs to a request with other fields")
	}
	if t.After != "" && uuid.Validate(t.After) != nil {
		return t, invalid("page_token", "is not one that this server gave")
	}
	return t, nil
}
