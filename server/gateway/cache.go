package gateway

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/gateway/recorded"
	"github.com/akinserver/akin/server/observe"
)

// kept are answers: to each question the one that was given last.
type kept struct {
	answers   *otter.Cache[digest, *answer] // nil when none are kept
	flights   singleflight.Group
	computing atomic.Int64          // answers that are being made
	requests  [looked]atomic.Uint64 // by what was found
	deletions atomic.Uint64
}

// found is what a request found here: each one thing, whichever questions it took to find that out.
type found int

const (
	hit       found = iota // the answer
	unchanged              // that its caller has the answer
	busy                   // an older answer, which was given since the server is busy
	away                   // the same, since what answers is away
	miss                   // nothing that was good enough: the answer was made, or there is none
	looked                 // how many there are
)

// foundNames are for metrics.
var foundNames = [looked]string{"hit", "unchanged", "busy", "away", "miss"}

// digest of a question, or of a question and the state of the corpus that its answer depends on.
type digest [sha256.Size]byte

// digested quotes the parts, so that none can hold what stands between them.
func digested(parts ...string) digest { return sha256.Sum256(fmt.Appendf(nil, "%q", parts)) }

func (d digest) etag() string { return `W/"` + base64.RawURLEncoding.EncodeToString(d[:15]) + `"` }

// answer to a question.
type answer struct {
	of       digest // the question, and the state of its corpus
	status   int
	header   http.Header
	body     []byte
	packed   []byte // body, by gzip; nil when it is too short for that
	made     time.Time
	lifetime time.Duration
	denied   bool  // it was refused to its caller, which says nothing to others
	away     error // that there is none since what answers is away
	corpus   string
	articles []string // ids of those that it tells of
}

// overhead is what is kept beside the body of an answer, in bytes, roughly.
const overhead = 512

func newKept(bytes int64) (*kept, error) {
	if bytes < 0 {
		return &kept{}, nil
	}
	answers, err := otter.New(&otter.Options[digest, *answer]{
		MaximumWeight: uint64(bytes),
		Weigher:       func(_ digest, a *answer) uint32 { return uint32(len(a.body) + len(a.packed) + overhead) },
	})
	return &kept{answers: answers}, err
}

// stats are for those who look after the server.
func (k *kept) stats() observe.CacheStats {
	stats := observe.CacheStats{Requests: map[string]uint64{}, Entries: int64(k.answers.EstimatedSize()), Bytes: int64(k.answers.WeightedSize())}
	for f, name := range foundNames {
		stats.Requests[name] = k.requests[f].Load()
	}
	return stats
}

// get returns the last answer to a question, if it is good.
func (k *kept) get(question digest, good func(*answer) bool) (*answer, bool) {
	if k.answers == nil {
		return nil, false
	}
	a, ok := k.answers.GetIfPresent(question)
	return a, ok && good(a)
}

func (k *kept) count(f found) { k.requests[f].Add(1) }

func (k *kept) set(question digest, a *answer) {
	if k.answers != nil && (a.status == http.StatusOK || a.status == http.StatusNotFound) {
		k.answers.Set(question, a)
	}
}

func (k *kept) drop(question digest) {
	if k.answers != nil {
		k.answers.Invalidate(question)
	}
}

// Deleted drops the answers that tell of articles which were deleted, or may have been: while the server is busy or the store is away, they would be given once more.
func (g *Gateway) Deleted(corpus string, ids []string) {
	if g.kept.answers == nil {
		return
	}
	g.kept.deletions.Add(1) // first, so that an answer which is kept from now on is looked for by whoever keeps it
	gone := map[string]bool{}
	for _, id := range ids {
		gone[id] = true
	}
	for question, a := range g.kept.answers.All() {
		if a.corpus == corpus && slices.ContainsFunc(a.articles, func(id string) bool { return gone[id] }) {
			g.kept.drop(question)
		}
	}
}

// longestFresh is how long an answer is believed here at most, though its corpus stays as it is.
const longestFresh = time.Hour

func (a *answer) fresh(of digest, now time.Time) bool {
	return a.of == of && now.Sub(a.made) < min(a.lifetime, longestFresh)
}

// staleTime is how long after its lifetime an answer may be shown when there is no other, here as by those whom stale-if-error tells so.
const staleTime = day

func (a *answer) showable(now time.Time) bool {
	return a.status == http.StatusOK && now.Sub(a.made) < a.lifetime+staleTime
}

// busyTime is how old an answer may be that is shown because the server is busy.
const busyTime = time.Minute

func (a *answer) recent(now time.Time) bool {
	return a.status == http.StatusOK && now.Sub(a.made) < busyTime
}

// busyReason says that whoever wants an answer to be made would wait.
const busyReason = "BUSY"

// answer answers a GET request, from memory where that holds what is asked for. The gRPC server is asked for the state of the corpus each time: it says whether the caller
// may ask at all, and an answer is good while that state stays.
func (g *Gateway) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Authorization")
	question := g.questionOf(r, time.Now())
	ctx, corpus, err := g.stateOf(r)
	if err != nil {
		if storeAway(err) {
			g.answerAway(w, r, question, err)
		} else {
			writeError(w, r, err) // nobody looked for an answer
		}
		return
	}
	of := digested(string(question[:]), corpus.GetGeneration(), corpus.GetRevision())
	kept, fresh := g.kept.get(question, func(a *answer) bool { return a.fresh(of, time.Now()) })
	if matches(r.Header.Values("If-None-Match"), of.etag()) {
		lifetime := uncertain
		if fresh {
			lifetime = kept.lifetime
		}
		g.kept.count(unchanged)
		notModified(w, of, cacheControl(r, lifetime))
		return
	}
	if fresh {
		g.kept.count(hit)
		w.Header().Set("Cache-Status", "akin; hit")
		kept.write(w, r, cacheControl(r, kept.lifetime))
		return
	}
	if g.kept.computing.Load() >= int64(g.opts.Busy) {
		// While a corpus is written to all the time, nearly all answers are of its states before, and a minute makes no difference that is worth waiting for.
		if g.late(w, r, question, busyReason, (*answer).recent) {
			g.kept.count(busy)
			return
		}
	}
	made, err := g.computed(ctx, r, question, of)
	switch {
	case err != nil:
		g.kept.count(miss)
		writeError(w, r, err)
	case made.away != nil:
		g.answerAway(w, r, question, made.away)
	default:
		g.kept.count(miss)
		w.Header().Set("Cache-Status", "akin; fwd=miss")
		made.write(w, r, cacheControl(r, made.lifetime))
	}
}

// answerAway answers when there is no other answer than one from memory, since what answers is away.
func (g *Gateway) answerAway(w http.ResponseWriter, r *http.Request, question digest, err error) {
	if g.late(w, r, question, awayReason(err), (*answer).showable) {
		g.kept.count(away)
		return
	}
	g.kept.count(miss)
	writeError(w, r, err)
}

// late answers from memory alone, to a caller who may ask, while there is a reason not to have an answer made: what was last said of an article or a statement, whichever revision its corpus
// has had since. It reports whether there was anything good enough. A list of articles is no answer of that kind: whoever goes through one wants it to be whole.
func (g *Gateway) late(w http.ResponseWriter, r *http.Request, question digest, reason string, good func(*answer, time.Time) bool) bool {
	now := time.Now()
	kept, ok := g.kept.get(question, func(a *answer) bool { return !strings.HasSuffix(r.Pattern, listPath) && good(a, now) })
	if !ok {
		return false
	}
	age := int(now.Sub(kept.made).Seconds())
	h := w.Header()
	h.Set("Age", strconv.Itoa(age))
	h.Set("Cache-Status", fmt.Sprintf("akin; hit; ttl=%d; detail=%s", int(kept.lifetime.Seconds())-age, reason))
	control := fmt.Sprintf("%s, max-age=%d", whose(r), age+lateTime) // by which it is good for lateTime
	if matches(r.Header.Values("If-None-Match"), kept.of.etag()) {
		notModified(w, kept.of, control)
	} else {
		kept.write(w, r, control)
	}
	return true
}

func awayReason(err error) string { return cmp.Or(reasonOf(err), reasons[codes.Unavailable]) }

// lateTime is how long others may show an answer that is shown for want of another, in seconds.
const lateTime = 10

func notModified(w http.ResponseWriter, of digest, cacheControl string) {
	w.Header().Set("ETag", of.etag())
	w.Header().Set("Cache-Control", cacheControl)
	w.WriteHeader(http.StatusNotModified)
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

// questionOf digests a request. What a name of a parameter may be spelt like makes no difference, nor does the order of parameters.
func (g *Gateway) questionOf(r *http.Request, now time.Time) digest {
	query := url.Values{}
	today := ""
	for name, values := range r.URL.Query() {
		name = snake(name)
		query[name] = values
		if strings.HasPrefix(name, "freshness.") {
			today = now.UTC().Format(time.DateOnly) // from which dates count when no seed has one
		}
	}
	return digested(g.opts.Version, r.PathValue("corpus"), today, r.Pattern, r.PathValue("id"), query.Encode())
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
func (g *Gateway) computed(ctx context.Context, r *http.Request, question, of digest) (*answer, error) {
	asked := false
	flight := g.kept.flights.DoChan(string(of[:]), func() (any, error) {
		g.kept.computing.Add(1)
		defer g.kept.computing.Add(-1)
		asked = true
		deletions := g.kept.deletions.Load()
		a := g.ask(r, of)
		g.kept.set(question, a)
		if g.kept.deletions.Load() != deletions {
			g.kept.drop(question) // it may tell of what was deleted meanwhile
		}
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
			a = g.ask(r, of) // what was refused was another caller
		}
		return a, nil
	}
}

// ask asks the gRPC server, whether the caller waits or not.
func (g *Gateway) ask(r *http.Request, of digest) *answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), g.opts.Timeout)
	defer cancel()
	heard := &note{}
	asked := asGet(r).Clone(context.WithValue(ctx, noteKey{}, heard))
	asked.Header.Del("Grpc-Timeout") // it is the caller's
	asked.Body = http.NoBody
	said := recorded.By(g.mux, asked)
	a := &answer{of: of, status: said.Status, header: said.Header, body: said.Body, made: time.Now(), lifetime: heard.lifetime, corpus: r.PathValue("corpus"), articles: heard.articles}
	switch said.Status {
	case http.StatusOK:
		a.packed = pack(said.Body)
	case http.StatusNotFound:
		a.lifetime = missingTime * time.Second
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		a.denied = true
	case http.StatusServiceUnavailable:
		a.away = heard.err
	}
	return a
}

func (a *answer) write(w http.ResponseWriter, r *http.Request, cacheControl string) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	body := a.body
	if a.status == http.StatusOK {
		h.Set("ETag", a.of.etag())
		h.Set("Cache-Control", cacheControl)
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

type noteKey struct{}

// note is what the runtime tells, through the context, of an answer that is being made.
type note struct {
	lifetime time.Duration // for which it may be believed
	articles []string      // ids of those that it tells of
	err      error         // that there is none
}

// noteLifetime notes how long an answer may be believed.
func noteLifetime(ctx context.Context, _ http.ResponseWriter, m proto.Message) error {
	if heard, ok := ctx.Value(noteKey{}).(*note); ok {
		heard.lifetime, heard.articles = lifetimeOf(m, time.Now()), articlesOf(m)
	}
	return nil
}

// answerError answers with an error, and notes it.
func answerError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	if heard, ok := r.Context().Value(noteKey{}).(*note); ok {
		heard.err = err
	}
	writeError(w, r, err)
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

// articlesOf are the ids of the articles that an answer tells of. A list is not among those that are given late.
func articlesOf(m proto.Message) (ids []string) {
	switch m := m.(type) {
	case *akinv1.GetArticleResponse:
		return append(m.GetOtherPrints(), m.GetArticle().GetId(), m.GetFamily())
	case *akinv1.RelatedArticlesResponse:
		for _, match := range m.GetMatches() {
			ids = append(append(ids, match.GetArticle().GetId()), match.GetOtherPrints()...)
		}
	case *akinv1.SimilarStatementsResponse:
		for _, match := range m.GetMatches() {
			for _, at := range append(match.GetOtherOccurrences(), match.GetOccurrence()) {
				ids = append(ids, at.GetArticleId())
			}
		}
	}
	return ids
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

// cacheControl lets an answer be shown while a newer one is fetched, and for a day when none can be.
func cacheControl(r *http.Request, lifetime time.Duration) string {
	seconds := int(lifetime.Seconds())
	return fmt.Sprintf("%s, max-age=%d, stale-while-revalidate=%d, stale-if-error=%d", whose(r), seconds, seconds, int(staleTime.Seconds()))
}

// whose says who may keep an answer: what a key was needed for is for whoever has the key alone.
func whose(r *http.Request) string {
	if r.Header.Get("Authorization") != "" {
		return "private"
	}
	return "public"
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
