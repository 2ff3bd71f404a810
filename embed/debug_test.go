package embed
import ("testing";"bytes";"os";"github.com/akinserver/akin/testdata";"github.com/akinserver/akin/embed/page";"github.com/akinserver/akin/embed/family")
func TestDebugPair(t *testing.T) {
	b,_ := os.ReadFile("../testdata/news/qingya-flood-1.txt")
	a, err := page.Parse(bytes.NewReader(b))
	if err != nil { t.Fatal(err) }
	for i, c := range testdata.Reprints(func(s string)string{return s}) {
		v, ok := c.Make(5, a)
		if !ok { continue }
		_ = i
		t.Log(c.Name, family.Of(withoutOpening(a.Body())).Near(family.Of(withoutOpening(v.Body()))), family.Explain(family.Read(cutOpening(a.Body())),family.Read(cutOpening(v.Body()))))
	}
}
