package local

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Every error that a call ends with is a gRPC status; codes and messages are those of Qdrant 1.16.

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

func notFound(format string, args ...any) error {
	return status.Errorf(codes.NotFound, "Not found: "+format, args...)
}

func unimplemented(format string, args ...any) error {
	return status.Errorf(codes.Unimplemented, format, args...)
}

func noCollection(name string) error {
	return notFound("Collection `%s` doesn't exist!", name)
}

func noPoint(id pointID) error { return notFound("No point with id %s found", id) }

func noVectorName(name string) error {
	return invalid("Wrong input: Not existing vector name error: %s", name)
}

var errConversion = invalid("Wrong input: Conversion between sparse and regular vectors failed")
