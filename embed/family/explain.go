package family

import (
	"cmp"
	"fmt"
)

func Explain(t, u Text) string {
	if c := cmp.Or(cmp.Compare(len(t.tokens), len(u.tokens)), cmp.Compare(t.digest, u.digest)); c > 0 {
		t, u = u, t
	}
	runs := align(t.tokens, u.tokens)
	shared := 0
	for _, r := range runs {
		shared += r.n
	}
	out := fmt.Sprintf("%d of %d/%d", shared, len(t.tokens), len(u.tokens))
	for _, g := range gapsBetween(runs, t, u) {
		out += "["
		for _, k := range g.x.tokens() {
			out += k.text + " "
		}
		out += "/"
		for _, k := range g.y.tokens() {
			out += k.text + " "
		}
		out += fmt.Sprintf("%v]", g.x.replacedBy(g.y))
	}
	out += fmt.Sprintf("%v %v", replaces(runs, t, u), t.redated(u))
	return out
}
