package local

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/qdrant/go-client/qdrant"
)

// pointID names a point. Numbers come before UUIDs, each in ascending order: the order of every scroll.
type pointID struct {
	uuid   bool
	hi, lo uint64 // of a number: 0 and the number
}

func numberID(n uint64) pointID { return pointID{lo: n} }

func parsePointID(in *qdrant.PointId) (pointID, error) {
	switch o := in.GetPointIdOptions().(type) {
	case *qdrant.PointId_Num:
		return numberID(o.Num), nil
	case *qdrant.PointId_Uuid:
		return parseUUID(o.Uuid)
	}
	return pointID{}, invalid("Empty ID is not allowed")
}

func parseUUID(s string) (pointID, error) {
	u, err := uuid.Parse(s)
	if err != nil || len(s) == 38 && (s[0] != '{' || s[37] != '}') {
		return pointID{}, invalid("Unable to parse UUID: %s", s)
	}
	return pointID{uuid: true, hi: binary.BigEndian.Uint64(u[:8]), lo: binary.BigEndian.Uint64(u[8:])}, nil
}

func parsePointIDs(in []*qdrant.PointId) ([]pointID, error) {
	ids := make([]pointID, 0, len(in))
	for _, one := range in {
		id, err := parsePointID(one)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (id pointID) compare(other pointID) int {
	if id.uuid != other.uuid {
		if other.uuid {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(id.hi, other.hi), cmp.Compare(id.lo, other.lo))
}

func (id pointID) String() string {
	if !id.uuid {
		return strconv.FormatUint(id.lo, 10)
	}
	var u uuid.UUID
	binary.BigEndian.PutUint64(u[:8], id.hi)
	binary.BigEndian.PutUint64(u[8:], id.lo)
	return u.String()
}

func (id pointID) proto() *qdrant.PointId {
	if id.uuid {
		return qdrant.NewIDUUID(id.String())
	}
	return qdrant.NewIDNum(id.lo)
}

// key is the id as it is stored: keys sort as ids do.
func (id pointID) key() []byte {
	if !id.uuid {
		return binary.BigEndian.AppendUint64([]byte{0}, id.lo)
	}
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte{1}, id.hi), id.lo)
}

func parseKey(key []byte) (pointID, error) {
	switch {
	case len(key) == 9 && key[0] == 0:
		return numberID(binary.BigEndian.Uint64(key[1:])), nil
	case len(key) == 17 && key[0] == 1:
		return pointID{uuid: true, hi: binary.BigEndian.Uint64(key[1:]), lo: binary.BigEndian.Uint64(key[9:])}, nil
	}
	return pointID{}, fmt.Errorf("%x is not the key of a point", key)
}
