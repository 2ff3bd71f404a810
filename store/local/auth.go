package local

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// keys lets callers in by their API key, sent as api-key or as a bearer token.
type keys struct {
	full, readOnly *[sha256.Size]byte // nil: there is none
}

// newKeys returns nil where no key is asked for.
func newKeys(o Options) *keys {
	if o.APIKey == "" && o.ReadOnlyAPIKey == "" {
		return nil
	}
	return &keys{digest(o.APIKey), digest(o.ReadOnlyAPIKey)}
}

func digest(key string) *[sha256.Size]byte {
	if key == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(key))
	return &sum
}

// readers are the calls that a read-only key is good for.
var readers = map[string]bool{
	"/qdrant.Collections/Get": true, "/qdrant.Collections/List": true, "/qdrant.Collections/CollectionExists": true,
	"/qdrant.Collections/ListAliases": true, "/qdrant.Collections/ListCollectionAliases": true,
	"/qdrant.Collections/CollectionClusterInfo": true, "/qdrant.Collections/ListShardKeys": true,
	"/qdrant.Points/Get": true, "/qdrant.Points/Scroll": true, "/qdrant.Points/Count": true, "/qdrant.Points/Facet": true,
	"/qdrant.Points/Query": true, "/qdrant.Points/QueryBatch": true, "/qdrant.Points/QueryGroups": true,
	"/qdrant.Points/Search": true, "/qdrant.Points/SearchBatch": true, "/qdrant.Points/SearchGroups": true,
	"/qdrant.Points/Recommend": true, "/qdrant.Points/RecommendBatch": true, "/qdrant.Points/RecommendGroups": true,
	"/qdrant.Points/Discover": true, "/qdrant.Points/DiscoverBatch": true,
	"/qdrant.Points/SearchMatrixPairs": true, "/qdrant.Points/SearchMatrixOffsets": true,
	"/qdrant.Snapshots/List": true, "/qdrant.Snapshots/ListFull": true,
}

// open tells whether a call needs no key: whoever watches over a process has none.
func open(method string) bool {
	return method == "/qdrant.Qdrant/HealthCheck" || strings.HasPrefix(method, "/grpc.health.v1.Health/")
}

func (k *keys) check(ctx context.Context, method string) error {
	if open(method) {
		return nil
	}
	key, ok := presented(ctx)
	if !ok {
		return status.Error(codes.Unauthenticated, "Must provide an API key or an Authorization bearer token")
	}
	switch {
	case same(k.full, key):
		return nil
	case !same(k.readOnly, key):
		return status.Error(codes.Unauthenticated, "Invalid API key or JWT")
	case readers[method] || strings.HasPrefix(method, "/grpc.reflection."):
		return nil
	}
	return status.Error(codes.PermissionDenied, "Forbidden: Global manage access is required")
}

// same compares digests, and so takes the same time whatever the key that was presented.
func same(want *[sha256.Size]byte, key string) bool {
	sum := sha256.Sum256([]byte(key))
	return want != nil && subtle.ConstantTimeCompare(want[:], sum[:]) == 1
}

func presented(ctx context.Context) (string, bool) {
	md, _ := metadata.FromIncomingContext(ctx)
	if values := md.Get("api-key"); len(values) > 0 {
		return values[0], true
	}
	for _, value := range md.Get("authorization") {
		if key, ok := strings.CutPrefix(value, "Bearer "); ok {
			return key, true
		}
	}
	return "", false
}

func (k *keys) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := k.check(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (k *keys) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := k.check(ss.Context(), info.FullMethod); err != nil {
		return err
	}
	return next(srv, ss)
}
