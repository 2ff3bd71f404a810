package gateway

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/protoadapt"

	"github.com/akinserver/akin/server/wire"
)

// problem is an error of HTTP's own, which no gRPC code tells.
func problem(httpStatus int, code codes.Code, reason, text string, details ...protoadapt.MessageV1) error {
	details = append([]protoadapt.MessageV1{&errdetails.ErrorInfo{Domain: "akin", Reason: reason}}, details...)
	st, err := status.New(code, text).WithDetails(details...)
	if err != nil {
		st = status.New(code, text)
	}
	return &runtime.HTTPStatusError{HTTPStatus: httpStatus, Err: st.Err()}
}

// invalid is a parameter or a field that is wrong.
func invalid(field, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return problem(http.StatusBadRequest, codes.InvalidArgument, reasons[codes.InvalidArgument], field+": "+text, &errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: text, Reason: reasons[codes.InvalidArgument]}},
	})
}

// reasons of what gRPC or its gateway say by themselves, without details.
var reasons = map[codes.Code]string{
	codes.InvalidArgument:   "INVALID_FIELD",
	codes.Canceled:          "CANCELLED",
	codes.DeadlineExceeded:  "TIMEOUT",
	codes.Unavailable:       "SERVER_UNAVAILABLE",
	codes.ResourceExhausted: "TOO_LARGE",
	codes.NotFound:          "NOT_FOUND",
	codes.Unauthenticated:   "UNAUTHENTICATED",
	codes.PermissionDenied:  "PERMISSION_DENIED",
	codes.Unimplemented:     "UNIMPLEMENTED",
}

// statusOf is what an error tells a caller, always with an ErrorInfo, and the HTTP status for it.
func statusOf(r *http.Request, err error) (int, *status.Status) {
	if b, ok := r.Body.(*body); ok && b.tooLarge {
		err = problem(http.StatusRequestEntityTooLarge, codes.ResourceExhausted, "TOO_LARGE", fmt.Sprintf("the request is larger than %d bytes", b.limit))
	}
	own, ok := errors.AsType[*runtime.HTTPStatusError](err)
	if ok {
		return own.HTTPStatus, status.Convert(own.Err)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = status.FromContextError(err).Err()
	}
	st := status.Convert(err)
	if text := wire.Brief(st.Message()); text != st.Message() { // the runtime's own quote what they could not read
		short := st.Proto()
		short.Message = text
		st = status.FromProto(short)
	}
	if len(st.Details()) == 0 {
		reason, ok := reasons[st.Code()]
		if !ok {
			reason = "INTERNAL"
		}
		if detailed, err := st.WithDetails(&errdetails.ErrorInfo{Domain: "akin", Reason: reason}); err == nil {
			st = detailed
		}
	}
	return runtime.HTTPStatusFromCode(st.Code()), st
}

// reasonOf is the reason that the gRPC server gives for an error; empty where it gives none.
func reasonOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// storeAway tells whether it is the gRPC server that says that its store is away: to whoever may not ask, it says that instead. When that server is away itself, nobody knows who may.
func storeAway(err error) bool {
	return status.Code(err) == codes.Unavailable && reasonOf(err) == "STORE_UNAVAILABLE"
}

// missingTime is how long it may be believed that something is not there, in seconds.
const missingTime = 30

// writeError answers with a google.rpc.Status.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	code, st := statusOf(r, err)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Del("ETag")
	h.Set("Cache-Control", "no-store")
	switch code {
	case http.StatusNotFound:
		h.Set("Cache-Control", fmt.Sprintf("private, max-age=%d", missingTime))
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	}
	for _, detail := range st.Details() {
		if retry, ok := detail.(*errdetails.RetryInfo); ok {
			h.Set("Retry-After", strconv.FormatFloat(math.Max(1, math.Ceil(retry.GetRetryDelay().AsDuration().Seconds())), 'f', 0, 64))
		}
	}
	text, err := marshaler.Marshal(st.Proto())
	if err != nil { // a detail of a type that is not linked in
		text, _ = protojson.Marshal(status.New(st.Code(), st.Message()).Proto())
	}
	w.WriteHeader(code)
	_, _ = w.Write(text) // who does not read it is gone
}
