package server

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/tap"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/limit"
)

// rule is what a call needs.
type rule struct {
	scope access.Scope
	time  time.Duration // that it may take, whatever its caller says; Limits.Time by default
	free  bool          // of a corpus: its messages name none
	light bool          // it costs next to nothing, and finds a place while calls that cost more wait for one
}

// How long streams may take: one that goes on as long as its caller has something to say, and one that embeds all that is stored.
const (
	conversation = 24 * time.Hour
	labour       = 30 * 24 * time.Hour
)

// rules is the one table of what each call needs; one that has no row is refused (TestEveryCallHasARule).
var rules = map[string]rule{
	akinv1.SimilarityService_RelatedArticles_FullMethodName:   {scope: access.Read},
	akinv1.SimilarityService_SimilarStatements_FullMethodName: {scope: access.Read},
	akinv1.ArticleService_GetArticle_FullMethodName:           {scope: access.Read},
	akinv1.ArticleService_GetCorpus_FullMethodName:            {scope: access.Read, light: true}, // before every answer over HTTP, from memory or not
	akinv1.ArticleService_ListArticles_FullMethodName:         {scope: access.Read},
	akinv1.ArticleService_DeleteArticles_FullMethodName:       {scope: access.Write},
	akinv1.ArticleService_PutArticles_FullMethodName:          {scope: access.Write, time: conversation},
	akinv1.GenerationService_ListGenerations_FullMethodName:   {scope: access.Admin, free: true},
	akinv1.GenerationService_DropGeneration_FullMethodName:    {scope: access.Admin, free: true},
	akinv1.GenerationService_Reindex_FullMethodName:           {scope: access.Admin, time: labour, free: true},

	// Whoever watches over a process has no key.
	healthv1.Health_Check_FullMethodName: {free: true},
	healthv1.Health_List_FullMethodName:  {free: true},
	healthv1.Health_Watch_FullMethodName: {time: conversation, free: true},

	reflectionv1.ServerReflection_ServerReflectionInfo_FullMethodName:      {scope: access.Read, time: conversation, free: true},
	reflectionv1alpha.ServerReflection_ServerReflectionInfo_FullMethodName: {scope: access.Read, time: conversation, free: true},
}

// Limits of what callers may ask of a server. The zero value has all the defaults.
type Limits struct {
	KeyRate     float64        // calls a second by one key, unless the key says otherwise; 100 by default
	AddressRate float64        // calls a second from one address (of IPv6, from one /64), but for loopback addresses; 50 by default
	Calls       int            // answered at once, streams aside; one for each processor by default, and at least 2, or eight times as many with Elsewhere
	Queue       int            // that wait meanwhile; 32 times Calls by default
	Wait        time.Duration  // how long they wait, or a tenth of it while the queue does not get empty; 500 ms by default
	Elsewhere   bool           // the store or the embedder is a server elsewhere, so that calls mostly wait
	Streams     int            // open at once; 256 by default
	Time        time.Duration  // that a call may take, whatever its caller says; streams have a day; 1 min by default
	Trusted     []netip.Prefix // proxies that are believed for whom they call; none by default
}

// AtOnce is how many calls are answered at once, streams aside.
func (l Limits) AtOnce() int { return l.withDefaults().Calls }

func (l Limits) withDefaults() Limits {
	l.KeyRate = cmp.Or(l.KeyRate, 100)
	l.AddressRate = cmp.Or(l.AddressRate, 50)
	// As many as there are processors, which one call alone keeps busy: more at once get no more done, and what comes in is read late while all processors are taken. When calls came
	// faster than they can be answered, 16 on 2 processors took seconds, those that are refused among them, and 2 a tenth of that (docs/operations.md, Overload).
	calls := max(2, runtime.GOMAXPROCS(0))
	if l.Elsewhere {
		calls *= 8
	}
	l.Calls = cmp.Or(l.Calls, calls)
	l.Queue = cmp.Or(l.Queue, 32*l.Calls)
	l.Wait = cmp.Or(l.Wait, 500*time.Millisecond)
	l.Streams = cmp.Or(l.Streams, 256)
	l.Time = cmp.Or(l.Time, time.Minute)
	return l
}

// guard stands before every call: it asks who calls, how often, for what, and how much there is to do already.
type guard struct {
	keys      *access.Keys // nil when nobody needs one
	limits    Limits
	byKey     *limit.Rates
	byAddress *limit.Rates
	calls     *limit.Calls
	light     *limit.Calls
	streams   *limit.Calls
}

// lightCalls may be answered at once for each other call.
const lightCalls = 8

func newGuard(keys *access.Keys, limits Limits) *guard {
	limits = limits.withDefaults()
	return &guard{
		keys: keys, limits: limits,
		byKey: limit.NewRates("this key"), byAddress: limit.NewRates("this address"),
		calls:   limit.NewCalls(limits.Calls, limits.Queue, limits.Wait),
		light:   limit.NewCalls(lightCalls*limits.Calls, lightCalls*limits.Calls, limits.Wait),
		streams: limit.NewCalls(limits.Streams, 0, 0),
	}
}

// verdict is what the headers of a call decide.
type verdict struct {
	rule   rule
	err    error
	cancel context.CancelFunc
}

type verdictKey struct{}

// refusedTime is how long a call that is refused may go on sending what nobody will read.
const refusedTime = time.Second

// meet decides by a call's headers, before its first message is read. A call that is refused is let in nevertheless, for a moment: it is the interceptors that tell it why, so
// that what counts calls counts it too; and of one that is refused here, gRPC would keep the timer until the deadline of its caller.
func (g *guard) meet(ctx context.Context, info *tap.Info) (context.Context, error) {
	v := &verdict{err: errNoRule}
	if r, ok := rules[info.FullMethodName]; ok {
		var caller access.Caller
		caller, v.err = g.admit(ctx, r, info.Header)
		v.rule, ctx = r, access.WithCaller(ctx, caller)
	}
	most := refusedTime
	if v.err == nil {
		most = cmp.Or(v.rule.time, g.limits.Time)
	}
	ctx, v.cancel = context.WithTimeout(ctx, most)
	return context.WithValue(ctx, verdictKey{}, v), nil
}

// errNoRule is met by no call that exists (TestEveryCallHasARule); what does not exist, gRPC refuses by itself.
var errNoRule = errors.New("no rule says who may make this call")

// admit counts a call against its address before its key is looked at, so that keys cannot be tried at any rate.
func (g *guard) admit(ctx context.Context, r rule, md metadata.MD) (access.Caller, error) {
	address := access.AddressOf(ctx, md, g.limits.Trusted)
	if address.IsValid() && !address.IsLoopback() {
		if err := g.byAddress.Take(limit.Network(address), g.limits.AddressRate); err != nil {
			return access.Caller{}, err
		}
	}
	if r.scope == access.Anyone || g.keys == nil || !g.keys.Required() {
		return access.Everybody, nil
	}
	caller, err := g.keys.Find(md)
	if err != nil {
		return caller, err
	}
	if err := caller.May(r.scope, access.OriginOf(md)); err != nil {
		return caller, err
	}
	return caller, g.byKey.Take(caller.Key, cmp.Or(caller.Rate, g.limits.KeyRate))
}

// unary lets a call in by its message; leave says that it is answered.
func (g *guard) unary(ctx context.Context, m any) (leave func(), err error) {
	v, err := judged(ctx)
	if err != nil {
		return nil, err
	}
	if err := v.rule.allow(ctx, m); err != nil {
		return nil, err
	}
	if v.rule.scope == access.Anyone { // whether the server is well must be told also when it has much to do
		return v.cancel, nil
	}
	places := g.calls
	if v.rule.light {
		places = g.light
	}
	left, err := places.Enter(ctx)
	if err != nil {
		return nil, err
	}
	return func() { left(); v.cancel() }, nil
}

// stream lets a stream in, of which every message is looked at.
func (g *guard) stream(in grpc.ServerStream) (out *guardedStream, leave func(), err error) {
	v, err := judged(in.Context())
	if err != nil {
		return nil, nil, err
	}
	left, err := g.streams.Enter(in.Context())
	if err != nil {
		return nil, nil, err
	}
	return &guardedStream{ServerStream: in, guard: g, rule: v.rule}, func() { left(); v.cancel() }, nil
}

func judged(ctx context.Context) (*verdict, error) {
	v, ok := ctx.Value(verdictKey{}).(*verdict)
	if !ok {
		return nil, errNoRule
	}
	if v.err != nil {
		v.cancel()
	}
	return v, v.err
}

// allow holds a message to the caller's corpus.
func (r rule) allow(ctx context.Context, m any) error {
	if r.free {
		return nil
	}
	caller, ok := access.CallerOf(ctx)
	of, named := m.(interface{ GetCorpus() string })
	if !ok || !named {
		return errNoRule
	}
	return caller.MayUse(of.GetCorpus())
}

// guardedStream ends with the first message that its caller may not send, and when its caller's key is revoked.
type guardedStream struct {
	grpc.ServerStream
	guard  *guard
	rule   rule
	denied atomic.Pointer[error] // what the handler makes of it matters no more
}

// RecvMsg receives a message that is allowed.
func (s *guardedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	if err := s.rule.allow(s.Context(), m); err != nil {
		return s.deny(err)
	}
	return s.deny(s.guard.still(s.Context()))
}

// SendMsg sends a message to whoever may still have it.
func (s *guardedStream) SendMsg(m any) error {
	if err := s.deny(s.guard.still(s.Context())); err != nil {
		return err
	}
	return s.ServerStream.SendMsg(m)
}

// deny keeps the first error that there is.
func (s *guardedStream) deny(err error) error {
	if err != nil {
		s.denied.CompareAndSwap(nil, &err)
	}
	return err
}

// result is how the stream ended, when its handler says err.
func (s *guardedStream) result(err error) error {
	if denied := s.denied.Load(); denied != nil {
		return *denied
	}
	return err
}

// still tells whether a caller who was let in would be now.
func (g *guard) still(ctx context.Context) error {
	if caller, _ := access.CallerOf(ctx); caller.Key == "" {
		return nil
	}
	md, _ := metadata.FromIncomingContext(ctx)
	_, err := g.keys.Find(md)
	return err
}
