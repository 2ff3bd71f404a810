package han

import "testing"

func TestSimplify(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"發展經濟與國際會議", "发展经济与国际会议"},
		{"发展经济与国际会议", "发展经济与国际会议"},
		{"頭髮 후 ō a 𠀀", "头发 후 ō a 𠀀"},
	} {
		var got []rune
		for _, r := range tt.in {
			got = append(got, Simplify(r))
		}
		if string(got) != tt.want {
			t.Errorf("%q is %q, want %q", tt.in, string(got), tt.want)
		}
	}
}
