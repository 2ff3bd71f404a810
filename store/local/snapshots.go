package local

import "github.com/qdrant/go-client/qdrant"

// snapshots keeps copies of collections.
type snapshots struct{}

type snapshotsService struct {
	qdrant.UnimplementedSnapshotsServer
	db *DB
}
