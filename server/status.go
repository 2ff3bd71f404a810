package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/generation"
	"github.com/akinserver/akin/server/limit"
	"github.com/akinserver/akin/server/observe"
	"github.com/akinserver/akin/server/wire"
)

// domain of every ErrorInfo.
const domain = "akin"

// meanings is the one table from what an error means to what a caller is told. The first that holds counts.
var meanings = []struct {
	is     func(error) bool
	code   codes.Code
	reason string
}{
	{is[*akin.InvalidError], codes.InvalidArgument, "INVALID_FIELD"},
	{means(context.Canceled), codes.Canceled, "CANCELLED"},
	{means(context.DeadlineExceeded), codes.DeadlineExceeded, "TIMEOUT"},
	{means(access.ErrUnauthenticated), codes.Unauthenticated, "UNAUTHENTICATED"},
	{means(access.ErrDenied), codes.PermissionDenied, "PERMISSION_DENIED"},
	{is[*limit.Refused], codes.ResourceExhausted, "TOO_MANY_CALLS"},
	{means(akin.ErrNotFound), codes.NotFound, "NOT_FOUND"},
	{means(generation.ErrBusy), codes.FailedPrecondition, "REINDEX_BUSY"},
	{means(generation.ErrRefused), codes.FailedPrecondition, "REINDEX_REFUSED"},
	{means(akin.ErrMismatch), codes.FailedPrecondition, "EMBEDDER_MISMATCH"},
	{means(akin.ErrFull), codes.ResourceExhausted, "STORE_FULL"},
	{both(akin.ErrEmbedder, akin.ErrUnavailable), codes.Unavailable, "EMBEDDER_UNAVAILABLE"},
	{means(akin.ErrEmbedder), codes.FailedPrecondition, "EMBEDDER_FAILED"},
	{means(akin.ErrUnavailable), codes.Unavailable, "STORE_UNAVAILABLE"},
}

func means(sentinel error) func(error) bool {
	return func(err error) bool { return errors.Is(err, sentinel) }
}

func both(a, b error) func(error) bool {
	return func(err error) bool { return errors.Is(err, a) && errors.Is(err, b) }
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// meaning of an error; one that no row knows is INTERNAL.
func meaning(err error) (codes.Code, string) {
	for _, m := range meanings {
		if m.is(err) {
			return m.code, m.reason
		}
	}
	return codes.Internal, "INTERNAL"
}

// toStatus is the error as a caller sees it. Of an internal one it sees the call's id alone, by which the log tells the rest.
func toStatus(ctx context.Context, log *slog.Logger, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err // grpc's own
	}
	code, reason := meaning(err)
	text := wire.Brief(err.Error())
	if code == codes.Internal {
		id := cmp.Or(observe.RequestID(ctx), rand.Text())
		caller, _ := access.CallerOf(ctx)
		log.ErrorContext(ctx, "internal error", "id", id, "key", caller.Key, "error", err)
		text = "internal error " + id + ": the server's log says more"
	}
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Domain: domain, Reason: reason}}
	if invalid, ok := errors.AsType[*akin.InvalidError](err); ok {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: invalid.Field, Description: wire.Brief(invalid.Problem), Reason: reason},
		}})
	}
	if refused, ok := errors.AsType[*limit.Refused](err); ok {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(refused.Retry)})
	}
	st, detailed := status.New(code, text).WithDetails(details...)
	if detailed != nil {
		return status.Error(code, text)
	}
	return st.Err()
}
