package local

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A client within the process need not have an answer written into bytes and read out of them, which takes longer than most searches. Its calls that read points go
// straight to the handlers, through all that a call over a connection goes through there. So do its upserts, of which the handler keeps nothing but what it has encoded. Other calls that
// write are rare, or small, and go over the connection: handlers keep what they are sent.

// direct are the calls that need no connection.
type direct struct {
	points  *pointsService
	checks  grpc.UnaryServerInterceptor
	methods map[string]grpc.MethodHandler
	calls   *underWay
}

func (db *DB) newDirect() *direct {
	d := &direct{points: &pointsService{db: db}, checks: chained(db.checks()), methods: map[string]grpc.MethodHandler{}, calls: db.underWay}
	service := qdrant.Points_ServiceDesc
	for _, m := range service.Methods {
		if name := "/" + service.ServiceName + "/" + m.MethodName; readers[name] || name == qdrant.Points_Upsert_FullMethodName {
			d.methods[name] = m.Handler
		}
	}
	return d
}

// chained makes one interceptor of several; the first comes first.
func chained(checks []grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		for _, check := range slices.Backward(checks) {
			then := next
			next = func(ctx context.Context, req any) (any, error) { return check(ctx, req, info, then) }
		}
		return next(ctx, req)
	}
}

// invoke is a client's interceptor.
func (d *direct) invoke(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	handler := d.methods[method]
	upsert, isUpsert := req.(*qdrant.UpsertPoints)
	if handler == nil || isUpsert && upsert.GetUpdateFilter() != nil || conn.GetState() == connectivity.Shutdown {
		return invoke(ctx, method, req, reply, conn, opts...)
	}
	ctx, done, ok := d.calls.begin(ctx)
	if !ok {
		return invoke(ctx, method, req, reply, conn, opts...) // which says that there is nobody to answer
	}
	defer done()
	sent := &trailer{method: method}
	answer, err := handler(d.points, grpc.NewContextWithServerTransportStream(ctx, sent), func(into any) error {
		if isUpsert {
			hand(into.(proto.Message), upsert)
			return nil
		}
		proto.Merge(into.(proto.Message), req.(proto.Message)) // a copy: handlers may change it
		return nil
	}, d.checks)
	for _, o := range opts {
		if t, ok := o.(grpc.TrailerCallOption); ok {
			*t.TrailerAddr = sent.fields
		}
	}
	if err != nil {
		return toStatus(err)
	}
	hand(reply.(proto.Message), answer.(proto.Message))
	return nil
}

// toStatus is what a server makes of a handler's error.
func toStatus(err error) error {
	if s, ok := status.FromError(err); ok {
		return s.Err()
	}
	return status.FromContextError(err).Err()
}

// hand gives what a message holds to another one: an answer to the caller's, which nobody else has; a request to the handler's, which does not change it.
func hand(to, from proto.Message) {
	proto.Reset(to)
	fields := to.ProtoReflect()
	from.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		fields.Set(f, v)
		return true
	})
}

// trailer takes the metadata that a handler sends behind its answer.
type trailer struct {
	method string
	fields metadata.MD
}

func (t *trailer) Method() string               { return t.method }
func (t *trailer) SetHeader(metadata.MD) error  { return nil }
func (t *trailer) SendHeader(metadata.MD) error { return nil }
func (t *trailer) SetTrailer(md metadata.MD) error {
	t.fields = metadata.Join(t.fields, md)
	return nil
}

// underWay are the calls that came without a connection.
type underWay struct {
	lock   sync.Mutex // guards closed, and calls from growing when it is set
	closed bool
	calls  sync.WaitGroup
	cut    context.Context // done when no call may go on
	cutOff context.CancelFunc
}

func newUnderWay() *underWay {
	u := &underWay{}
	u.cut, u.cutOff = context.WithCancel(context.Background())
	return u
}

// begin counts a call until done is called, and gives it a context that also ends when the store does not wait for it any longer. After drain no call begins.
func (u *underWay) begin(ctx context.Context) (_ context.Context, done func(), ok bool) {
	u.lock.Lock()
	defer u.lock.Unlock()
	if u.closed {
		return ctx, nil, false
	}
	u.calls.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(u.cut, cancel)
	return ctx, func() { stop(); cancel(); u.calls.Done() }, true
}

// drain returns when all calls have ended: by themselves or, after drainTime, cut off.
func (u *underWay) drain() {
	u.lock.Lock()
	u.closed = true
	u.lock.Unlock()
	cut := time.AfterFunc(drainTime, u.cutOff)
	defer cut.Stop()
	u.calls.Wait()
}
