package code
import ("testing";"math/rand/v2";"fmt";"github.com/akinserver/akin/store/local/kernel";"math")
func TestDbg(t *testing.T) {
	r := rand.New(rand.NewPCG(1,2))
	const dim=384
	data := make([]float32, dim*6000)
	for i := range data { data[i] = float32(r.NormFloat64())/20 }
	c := New(dim, Dot, func(i int) []float32 { return data[i*dim:] })
	for i := range 4000 { c.Put(i, data[i*dim:(i+1)*dim]) }
	tr := &trial{c: c, rows: c.sample(8192)}
	tr.findCentre()
	x := make([]float32, dim); copy(x, data[:dim])
	n0 := kernel.Dot(x,x)
	c.rotation.apply(x)
	fmt.Println(n0, kernel.Dot(x,x)*c.rotation.scale*c.rotation.scale, c.rotation.scale, tr.energy, len(tr.rows))
	for _, kind := range []Kind{Bits,Bytes} {
		re := c.newRecipe(kind, tr.centre)
		ch := newChunk(re)
		var of extent
		for i, row := range tr.rows { of.add(ch.put(re, c.scratch, i, c.vector(row))) }
		re.radius, re.widest = of.radius, of.widest
		a := &asked{}
		a.ask(re, of.norm, data[:dim], c.scratch)
		sums := make([]int32, chunkRows)
		want := make([]uint32, 256); for i := range want { want[i]=1 }
		if kind==Bits { kernel.Sums(a.table, ch.codes, want, sums) } else { kernel.DotBytes(a.values, ch.values, sums) }
		for i := range 5 {
			s := float64(c.score(data[:dim], c.vector(tr.rows[i])))*a.times
			e := a.estimate(ch.factor[i], ch.term[i], sums[i])
			fmt.Println(kind, i, s, e, float64(ch.factor[i])*a.reach(s)/certain(kind), math.Sqrt(a.noise), a.slack, a.times, a.norms, a.length)
		}
	}
}
