package local

import (
	"math"

	"github.com/qdrant/go-client/qdrant"
)

type geoPoint struct{ lon, lat float64 }

// geoOf reads {"lon": …, "lat": …}.
func geoOf(v *qdrant.Value) (geoPoint, bool) {
	obj, ok := v.GetKind().(*qdrant.Value_StructValue)
	if !ok {
		return geoPoint{}, false
	}
	lon, ok1 := numberOf(obj.StructValue.GetFields()["lon"])
	lat, ok2 := numberOf(obj.StructValue.GetFields()["lat"])
	return geoPoint{lon, lat}, ok1 && ok2
}

func (p geoPoint) valid() bool { return math.Abs(p.lon) <= 180 && math.Abs(p.lat) <= 90 }

func geoPointOf(p *qdrant.GeoPoint) (geoPoint, error) {
	g := geoPoint{p.GetLon(), p.GetLat()}
	if p == nil || !g.valid() {
		return g, invalid("Malformed geo point: lon %v, lat %v", g.lon, g.lat)
	}
	return g, nil
}

// numberOf returns an integer or a double as a float64.
func numberOf(v *qdrant.Value) (float64, bool) {
	switch k := v.GetKind().(type) {
	case *qdrant.Value_IntegerValue:
		return float64(k.IntegerValue), true
	case *qdrant.Value_DoubleValue:
		return k.DoubleValue, true
	}
	return 0, false
}

const earthRadius = 6371008.8 // metres, the mean of the WGS 84 ellipsoid

// distance is the length of the great circle between two points in metres (haversine).
func (p geoPoint) distance(q geoPoint) float64 {
	const degree = math.Pi / 180
	sinLat := math.Sin((q.lat - p.lat) * degree / 2)
	sinLon := math.Sin((q.lon - p.lon) * degree / 2)
	a := sinLat*sinLat + math.Cos(p.lat*degree)*math.Cos(q.lat*degree)*sinLon*sinLon
	return earthRadius * 2 * math.Asin(math.Sqrt(a))
}

// inBox reports whether p lies inside a box, which may cross the antimeridian; its edges are outside.
func (p geoPoint) inBox(topLeft, bottomRight geoPoint) bool {
	if bottomRight.lat >= p.lat || p.lat >= topLeft.lat {
		return false
	}
	if topLeft.lon > bottomRight.lon {
		return p.lon > topLeft.lon || p.lon < bottomRight.lon
	}
	return topLeft.lon < p.lon && p.lon < bottomRight.lon
}

// ringPlace tells whether p is inside (1), on (0) or outside (-1) a closed line.
func (p geoPoint) ringPlace(line []geoPoint) int {
	inside := false
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		cross := (b.lon-a.lon)*(p.lat-a.lat) - (b.lat-a.lat)*(p.lon-a.lon)
		if cross == 0 && min(a.lon, b.lon) <= p.lon && p.lon <= max(a.lon, b.lon) && min(a.lat, b.lat) <= p.lat && p.lat <= max(a.lat, b.lat) {
			return 0
		}
		if (a.lat > p.lat) != (b.lat > p.lat) && (cross > 0) == (b.lat > a.lat) {
			inside = !inside
		}
	}
	if inside {
		return 1
	}
	return -1
}

// inPolygon reports whether p lies inside the first ring and in none of the holes; lines themselves are outside.
func (p geoPoint) inPolygon(outer []geoPoint, holes [][]geoPoint) bool {
	if p.ringPlace(outer) <= 0 {
		return false
	}
	for _, hole := range holes {
		if p.ringPlace(hole) >= 0 {
			return false
		}
	}
	return true
}

func lineOf(l *qdrant.GeoLineString) ([]geoPoint, error) {
	line := make([]geoPoint, 0, len(l.GetPoints()))
	for _, p := range l.GetPoints() {
		g, err := geoPointOf(p)
		if err != nil {
			return nil, err
		}
		line = append(line, g)
	}
	return line, nil
}
