package embed

import (
	"strings"
	"testing"
)

func TestWithoutOpening(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"agency, place, day and reporters", "远声社临河5月19日电 （记者甲某、乙某）市政府宣布。", "市政府宣布。"},
		{"own report", "本报临河5月20日电　市政府宣布。", "市政府宣布。"},
		{"quoted from another", "据远声社泊浦4月22日电（记者甲某）渔船回港。", "渔船回港。"},
		{"of the paper's town", "本报讯 （记者甲某）市政府宣布。", "市政府宣布。"},
		{"a day that belongs to the report", "市政府5月19日宣布，6月3日开工。", "市政府5月19日宣布，6月3日开工。"},
		{"a telegram that is told of", "主席甲某5月6日致电祝贺。", "主席甲某5月6日致电祝贺。"},
		{"as another paper reports", "据《临河晚报》报道，市政府宣布。", "市政府宣布。"},
		{"reporters alone", "（记者甲某）市政府宣布。", "市政府宣布。"},
		{"English", "HALVEN, May 19 (Northern Wire; by Ruth Adler) — The council said.", "The council said."},
		{"English with the day first", "Varn, 19 May — The council said.", "The council said."},
		{"an English sentence with a day", "On Monday, May 19 the council said so.", "On Monday, May 19 the council said so."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.TrimSpace(withoutOpening(test.in)); got != test.want {
				t.Errorf("%q\ngot  %q\nwant %q", test.in, got, test.want)
			}
		})
	}
}
