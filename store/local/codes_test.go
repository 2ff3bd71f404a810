package local

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/akinserver/akin/store/local/code"
)

// codedCollection has points enough for codes, in clusters, each vector twice; a fifth of the points were deleted, and
// slots given again, so that rows and slots are not the same.
func codedCollection(t *testing.T, distance qdrant.Distance, datatype qdrant.Datatype) *collection {
	t.Helper()
	const n, size = 9000, 64
	c := newCollection(1, "c", &qdrant.CollectionConfig{Params: &qdrant.CollectionParams{
		VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
			"d": {Size: size, Distance: distance, Datatype: datatype.Enum()},
		}),
	}})
	schema := &qdrant.PayloadSchemaInfo{DataType: qdrant.PayloadSchemaType_Integer}
	x, err := newFieldIndex("third", schema)
	if err != nil {
		t.Fatal(err)
	}
	c.setIndex("third", schema, x)
	r := rand.New(rand.NewPCG(1, uint64(distance)))
	centres := make([][]float32, 20)
	for i := range centres {
		centres[i] = randomRow(r, size)
	}
	put := func(id int, row []float32) {
		fitted, err := c.spaces["d"].fit(newDense(row))
		if err != nil {
			t.Fatal(err)
		}
		c.put(&record{
			id: numberID(uint64(id)), payload: qdrant.NewValueMap(map[string]any{"third": id % 3, "fifth": id % 5}),
			vectors: map[string]vector{"d": fitted},
		})
	}
	for i := range n / 2 {
		row := slices.Clone(centres[i%len(centres)])
		for j := range row {
			row[j] = 100 * (1 + row[j] + .1*float32(r.NormFloat64()))
		}
		put(n-i, row)
		put(i, row)
	}
	for i := 0; i < n; i += 5 {
		c.remove(numberID(uint64(i)))
	}
	for i := range 50 {
		c.put(&record{id: numberID(uint64(2*n + i)), payload: fields{}, vectors: map[string]vector{}})
		put(3*n+i, randomRow(r, size))
	}
	return c
}

func TestCodesFindWhatAScanFinds(t *testing.T) {
	third := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("third", 1)}}
	fifth := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("fifth", 1)}}
	for _, space := range []struct {
		distance qdrant.Distance
		datatype qdrant.Datatype
	}{
		{qdrant.Distance_Cosine, qdrant.Datatype_Float32},
		{qdrant.Distance_Cosine, qdrant.Datatype_Uint8},
		{qdrant.Distance_Dot, qdrant.Datatype_Float16},
		{qdrant.Distance_Euclid, qdrant.Datatype_Float32},
		{qdrant.Distance_Manhattan, qdrant.Datatype_Float32},
	} {
		c := codedCollection(t, space.distance, space.datatype)
		for _, row := range []struct {
			name   string
			filter *qdrant.Filter
			exact  bool
			limit  int
		}{
			{name: "all", limit: 10},
			{name: "an odd limit parts two of the same vector", limit: 7},
			{name: "exact", exact: true, limit: 7},
			{name: "more than half of the points", limit: 5000},
			{name: "an indexed condition", filter: third, limit: 10},
			{name: "a condition that no index answers", filter: fifth, limit: 10},
		} {
			r := rand.New(rand.NewPCG(7, 8))
			missed, asked := 0, 0
			for range 20 {
				from, _ := c.vector(slotOf(t, c, uint64(1+5*r.IntN(1500))), "d")
				query := slices.Clone(from.dense)
				for j := range query {
					query[j] += 5 * float32(r.NormFloat64())
				}
				cond, err := compileFilter(c, row.filter)
				if err != nil {
					t.Fatal(err)
				}
				fitted, err := c.spaces["d"].fit(newDense(query))
				if err != nil {
					t.Fatal(err)
				}
				q := &vectorQuery{space: c.spaces["d"], examples: []vector{fitted}, exact: row.exact}
				got, err := c.search(t.Context(), q, cond, row.limit, nil)
				if err != nil {
					t.Fatal(err)
				}
				want := scanned(c, q, cond, row.limit)
				asked += len(want)
				for _, h := range want {
					if !slices.ContainsFunc(got, func(g hit) bool { return g.slot == h.slot }) {
						missed++
					}
				}
				if missed == 0 && !slices.Equal(got, want) {
					diff := gocmp.Diff(want, got, gocmp.AllowUnexported(hit{}))
					t.Fatalf("%v, %v, %s (-want +got):\n%s", space.distance, space.datatype, row.name, diff)
				}
			}
			if missed*200 > asked {
				t.Errorf("%v, %v, %s: %d of %d missed", space.distance, space.datatype, row.name, missed, asked)
			}
		}
	}
}

// scanned is the answer by sorting all points.
func scanned(c *collection, q *vectorQuery, cond condition, limit int) []hit {
	similar, all := q.space.similarity(), []hit(nil)
	it := c.live.Iterator()
	for it.HasNext() {
		slot := it.Next()
		if v, ok := c.vector(slot, q.space.name); ok && cond.check(c.subject(slot, &subject{})) {
			all = append(all, hit{slot: slot, score: similar(q.examples[0].dense, v.dense)})
		}
	}
	slices.SortFunc(all, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), c.points[a.slot].id.compare(c.points[b.slot].id))
	})
	all = all[:min(limit, len(all))]
	for i := range all {
		all[i].score = q.space.report(all[i].score)
	}
	return all
}

func TestManyEqualScoresGoByID(t *testing.T) {
	c := newCollection(1, "c", &qdrant.CollectionConfig{Params: &qdrant.CollectionParams{
		VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 64, Distance: qdrant.Distance_Dot}),
	}})
	row := slices.Repeat([]float32{1}, 64)
	for i := range 7000 {
		c.put(&record{id: numberID(uint64(7000 - i)), vectors: map[string]vector{"": newDense(row)}})
	}
	hits, err := c.search(t.Context(), &vectorQuery{space: c.spaces[""], examples: []vector{newDense(row)}}, everything{}, 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []pointID
	for _, h := range hits {
		got = append(got, c.points[h.slot].id)
	}
	want := []pointID{numberID(1), numberID(2), numberID(3), numberID(4), numberID(5)}
	if !slices.Equal(got, want) {
		t.Errorf("want %v, got %v", want, got)
	}
}

// easyPoints makes a collection of 6000 points that codes serve well, with an indexed field.
func easyPoints(t *testing.T, client *qdrant.Client) {
	t.Helper()
	if err := client.CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName: "c", VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 64, Distance: qdrant.Distance_Cosine}),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateFieldIndex(t.Context(), &qdrant.CreateFieldIndexCollection{
		CollectionName: "c", FieldName: "third", FieldType: qdrant.FieldType_FieldTypeInteger.Enum(),
	}); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	centre := randomRow(r, 64)
	for i := range uint64(6) {
		points := make([]*qdrant.PointStruct, 1000)
		for j := range points {
			row := randomRow(r, 64)
			for k := range row {
				row[k] = row[k]*.5 + centre[k]
			}
			points[j] = &qdrant.PointStruct{Id: qdrant.NewIDNum(1000*i + uint64(j)), Vectors: qdrant.NewVectorsDense(row), Payload: qdrant.NewValueMap(map[string]any{"third": j % 3, "fifth": j % 5})}
		}
		upserted(t, client, "c", points...)
	}
}

func TestCodesAreThereAfterReopening(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	easyPoints(t, client)
	kindOf := func(db *DB) code.Kind { return db.catalog().collections["c"].dense[""].codes.Stats().Kind }
	before := kindOf(db)
	if before == code.Exact {
		t.Fatal("no codes were made, though the vectors are easy")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, _ = opened(t, dir, quiet)
	if after := kindOf(db); after != before {
		t.Errorf("want codes of the kind %v, got %v", before, after)
	}
}

// TestLateCodes puts and deletes points before the first search, in a store whose codes are made by that one.
func TestLateCodes(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	easyPoints(t, client)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	late := quiet
	late.LateCodes = true
	db, client = opened(t, dir, late)
	column := func() *denseColumn { return db.catalog().collections["c"].dense[""] }
	if column().codes != nil || db.Stats().Collections["c"].Memory.Codes != 0 {
		t.Fatal("there are codes already")
	}
	query := randomRow(rand.New(rand.NewPCG(9, 9)), 64)
	upserted(t, client, "c", &qdrant.PointStruct{Id: qdrant.NewIDNum(99_999), Vectors: qdrant.NewVectorsDense(query), Payload: qdrant.NewValueMap(map[string]any{"third": 0})})
	if _, err := client.Delete(t.Context(), &qdrant.DeletePoints{CollectionName: "c", Wait: waiting, Points: qdrant.NewPointsSelector(qdrant.NewIDNum(1))}); err != nil {
		t.Fatal(err)
	}
	found := func(client *qdrant.Client) []*qdrant.ScoredPoint {
		hits, err := client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "c", Query: qdrant.NewQuery(query...), Limit: qdrant.PtrOf(uint64(50))})
		if err != nil {
			t.Error(err)
		}
		return hits
	}
	var searches sync.WaitGroup // the first of which come at once
	for range 4 {
		searches.Go(func() { found(client) })
	}
	searches.Wait()
	got := found(client)
	if column().codes == nil || column().codes.Stats().Kind == code.Exact {
		t.Error("the searches made no codes")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, client = opened(t, dir, quiet)
	if diff := gocmp.Diff(found(client), got, protocmp.Transform()); diff != "" || got[0].GetId().GetNum() != 99_999 {
		t.Errorf("(-codes at the start +late):\n%s", diff)
	}
}

func TestSearchByCodesEndsWithItsContext(t *testing.T) {
	c := codedCollection(t, qdrant.Distance_Cosine, qdrant.Datatype_Float32)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	query, _ := c.vector(slotOf(t, c, 1), "d")
	_, err := c.search(ctx, &vectorQuery{space: c.spaces["d"], examples: []vector{query}}, everything{}, 5, nil)
	if status.Code(err) != codes.Canceled || errors.Is(err, context.Canceled) {
		t.Errorf("want the status CANCELED, got %v", err)
	}
}

func slotOf(t *testing.T, c *collection, id uint64) uint32 {
	t.Helper()
	slot, ok := c.find(numberID(id))
	if !ok {
		t.Fatalf("there is no point %d", id)
	}
	return slot
}
