package gateway

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
	"google.golang.org/protobuf/proto"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/gateway/recorded"
)

// kept are answers, by what they answer.
type kept struct {
	answers *otter.Cache[key, *answer] // nil when none are kept
	flights singleflight.Group
}

// key is the digest of a request and of all that its answer depends on.
type key [sha256.Size]byte

func (k key) etag() string { return `W/"` + base64.RawURLEncoding.EncodeToString(k[:15]) + `"` }

// answer to a request.
type answer struct {
	status   int
	header   http.Header
	body     []byte
	packed   []byte // body, by gzip; nil when it is too short for that
	lifetime time.Duration
	until    time.Time // when it may have become wrong although its corpus is the same
	denied   bool      // it was refused to its caller, which says nothing to others
}

// overhead is what is kept beside the body of an answer, in bytes, roughly.
const overhead = 512

func newKept(bytes int64) (*kept, error) {
	if bytes < 0 {
		return &kept{}, nil
	}
	answers, err := otter.New(&otter.Options[key, *answer]{
		MaximumWeight: uint64(bytes),
		Weigher:       func(_ key, a *answer) uint32 { return uint32(len(a.body) + len(a.packed) + overhead) },
	})
	return &kept{answers: answers}, err
}

// get returns an answer that is still good.
func (k *kept) get(of key, now time.Time) (*answer, bool) {
	if k.answers == nil {
		return nil, false
	}
	a, ok := k.answers.GetIfPresent(of)
	return a, ok && now.Before(a.until)
}

func (k *kept) set(of key, a *answer) {
	if k.answers != nil && (a.status == http.StatusOK || a.status == http.StatusNotFound) {
		k.answers.Set(of, a)
	}
}

// answer answers a GET request, from memory where that holds what is asked for. The gRPC server is asked for the state of the corpus each time: it says whether the caller
// may ask at all, and an answer is good while that state stays.
func (g *Gateway) answer(w http.ResponseWriter, r *http.Request) {
	ctx, corpus, err := g.stateOf(r)
	if err != nil {
		writeError(w, r, err)
		return
	}
	now := time.Now()
	of := g.keyOf(r, corpus, now)
	h := w.Header()
	h.Add("Vary", "Authorization")
	found, hit := g.kept.get(of, now)
	if matches(r.Header.Values("If-None-Match"), of.etag()) {
		lifetime := uncertain
		if hit {
			lifetime = found.lifetime
		}
		h.Set("ETag", of.etag())
		h.Set("Cache-Control", cacheControl(r, lifetime))
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if hit {
		h.Set("Cache-Status", "akin; hit")
	} else {
		h.Set("Cache-Status", "akin; fwd=miss")
		if found, err = g.computed(ctx, r, of); err != nil {
			writeError(w, r, err)
			return
		}
	}
	found.write(w, r, of)
}

// stateOf asks the gRPC server for the state of the corpus that a request names, by which it says whether the caller may ask at all.
func (g *Gateway) stateOf(r *http.Request) (context.Context, *akinv1.Corpus, error) {
	ctx, err := runtime.AnnotateContext(r.Context(), g.mux, r, akinv1.ArticleService_GetCorpus_FullMethodName)
	if err != nil {
		return nil, nil, err
	}
	state, err := g.articles.GetCorpus(ctx, &akinv1.GetCorpusRequest{Corpus: r.PathValue("corpus")})
	return ctx, state.GetCorpus(), err
}

// keyOf digests a request, and all that its answer depends on. What a name of a parameter may be spelt like makes no difference, nor does the order of parameters.
func (g *Gateway) keyOf(r *http.Request, corpus *akinv1.Corpus, now time.Time) key {
	query := url.Values{}
	today := ""
	for name, values := range r.URL.Query() {
		name = snake(name)
		query[name] = values
		if strings.HasPrefix(name, "freshness.") {
			today = now.UTC().Format(time.DateOnly) // from which dates count when no seed has one
		}
	}
	return sha256.Sum256([]byte(strings.Join([]string{
		g.opts.Version, corpus.GetName(), corpus.GetGeneration(), corpus.GetRevision(), today, r.Pattern, r.PathValue("id"), query.Encode(),
	}, "\x00")))
}

// snake is the name of a field as the definitions write it, whichever way it is written.
func snake(name string) string {
	var b strings.Builder
	for _, c := range name {
		if unicode.IsUpper(c) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// matches tells whether one of the tags of If-None-Match is this one. Tags are compared weakly. Whether there
// is anything at all, as * asks, is not known before it is looked for.
func matches(headers []string, etag string) bool {
	for tag := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		if tag = strings.TrimSpace(tag); strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

// computed asks for an answer, once for all who want the same at the same moment. It waits for as long as its caller does; who leaves spoils nothing for the others.
func (g *Gateway) computed(ctx context.Context, r *http.Request, of key) (*answer, error) {
	asked := false
	flight := g.kept.flights.DoChan(string(of[:]), func() (any, error) {
		asked = true
		a := g.ask(r)
		g.kept.set(of, a)
		return a, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-flight:
		if result.Err != nil {
			return nil, result.Err
		}
		a := result.Val.(*answer)
		if a.denied && !asked {
			a = g.ask(r) // what was refused was another caller
		}
		return a, nil
	}
}

// ask asks the gRPC server, whether the caller waits or not.
func (g *Gateway) ask(r *http.Request) *answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), g.opts.Timeout)
	defer cancel()
	life := &lifetime{}
	question := asGet(r).Clone(context.WithValue(ctx, lifetimeKey{}, life))
	question.Header.Del("Grpc-Timeout") // it is the caller's
	question.Body = http.NoBody
	said := recorded.By(g.mux, question)
	a := &answer{status: said.Status, header: said.Header, body: said.Body, lifetime: life.time}
	switch said.Status {
	case http.StatusOK:
		a.packed = pack(said.Body)
	case http.StatusNotFound:
		a.lifetime = missingTime * time.Second
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		a.denied = true
	}
	a.until = time.Now().Add(min(a.lifetime, longestKept))
	return a
}

// longestKept is how long an answer is kept in memory at most.
const longestKept = time.Hour

func (a *answer) write(w http.ResponseWriter, r *http.Request, of key) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	body := a.body
	if a.status == http.StatusOK {
		h.Set("ETag", of.etag())
		h.Set("Cache-Control", cacheControl(r, a.lifetime))
		if a.packed != nil {
			h.Add("Vary", "Accept-Encoding")
			if takesGzip(r) {
				h.Set("Content-Encoding", "gzip")
				body = a.packed
			}
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // who does not read it is gone
}

// How long an answer may be believed by whoever has it.
const (
	uncertain = time.Minute // of one that is empty, or lacks articles that are on their way, or a list
	undated   = 15 * time.Minute
	day       = 24 * time.Hour
)

// ladder says how long what is related to an article is believed, by the article's age: fewer and fewer articles come that are.
var ladder = []struct{ younger, believed time.Duration }{
	{2 * day, 5 * time.Minute},
	{30 * day, time.Hour},
	{365 * day, 6 * time.Hour},
}

const longest = day

func byAge(date string, now time.Time) time.Duration {
	published, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return undated
	}
	for _, step := range ladder {
		if now.Sub(published) < step.younger {
			return step.believed
		}
	}
	return longest
}

type lifetimeKey struct{}

// lifetime of an answer that is being made.
type lifetime struct{ time time.Duration }

// noteLifetime tells whoever asks, through the context, how long an answer may be believed.
func noteLifetime(ctx context.Context, _ http.ResponseWriter, m proto.Message) error {
	if life, ok := ctx.Value(lifetimeKey{}).(*lifetime); ok {
		life.time = lifetimeOf(m, time.Now())
	}
	return nil
}

func lifetimeOf(m proto.Message, now time.Time) time.Duration {
	switch m := m.(type) {
	case *akinv1.GetArticleResponse:
		return byAge(m.GetArticle().GetPublishedDate(), now)
	case *akinv1.RelatedArticlesResponse:
		return lifetimeOfMatches(len(m.GetMatches()), m.GetShortfalls(), m.GetSeedDate(), now)
	case *akinv1.SimilarStatementsResponse:
		return lifetimeOfMatches(len(m.GetMatches()), m.GetShortfalls(), m.GetSeedDate(), now)
	}
	return uncertain
}

func lifetimeOfMatches(n int, shortfalls []*akinv1.Shortfall, seedDate string, now time.Time) time.Duration {
	if n == 0 {
		return uncertain
	}
	for _, s := range shortfalls {
		if s.GetReason() == akinv1.ShortfallReason_SHORTFALL_REASON_NOT_INDEXED_YET {
			return uncertain
		}
	}
	return byAge(seedDate, now)
}

// cacheControl lets an answer be shown while a newer one is fetched, and for a day when none can be. What a key was needed for is for whoever has the key alone.
func cacheControl(r *http.Request, lifetime time.Duration) string {
	who := "public"
	if r.Header.Get("Authorization") != "" {
		who = "private"
	}
	seconds := int(lifetime.Seconds())
	return fmt.Sprintf("%s, max-age=%d, stale-while-revalidate=%d, stale-if-error=86400", who, seconds, seconds)
}

// pack compresses a body; nil for one that would hardly be shorter.
func pack(body []byte) []byte {
	if len(body) < packable {
		return nil
	}
	var out bytes.Buffer
	packer := gzip.NewWriter(&out)
	_, _ = packer.Write(body) // into memory
	_ = packer.Close()
	return out.Bytes()
}
