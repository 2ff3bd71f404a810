package family_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/akinserver/akin/embed/family"
)

const report = `临河市政府19日宣布，青石水库大坝加固工程将于6月3日开工，总投资4.2亿元。市长林远山说，工程完成后，下游三个县的12万居民将不再受汛期威胁。
工程分三期进行。第一期加固主坝，第二期改建泄洪道，第三期迁建下游的两座泵站。水务局局长周启明介绍，施工期间水库照常供水，蓄水位将降低2.5米。`

func TestSame(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want bool
	}{
		{"the same text", report, true},
		{"other line breaks and full-width digits", strings.NewReplacer("\n", "", "19", "１９", "，", ",").Replace(report), true},
		{"a few words changed", strings.NewReplacer("宣布", "公布", "照常供水", "正常供水").Replace(report), true},
		{"a sentence cut with its figure", strings.Replace(report, "市长林远山说，工程完成后，下游三个县的12万居民将不再受汛期威胁。", "", 1), true},
		{"a day told with its month", strings.Replace(report, "19日宣布", "5月19日宣布", 1), true},
		{"one figure of a date changed", strings.Replace(report, "6月3日", "6月13日", 1), false},
		{"one figure changed", strings.Replace(report, "4.2亿", "5.2亿", 1), false},
		{"another text of the same matter", "青石水库的大坝老了四十年，村民老唐每到汛期就睡不着觉。他家离坝脚只有300米。今年，市里终于下决心修坝。", false},
		{"nothing", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, b := family.Of(report), family.Of(test.in)
			if got := a.Same(b); got != test.want {
				t.Errorf("%q\nis the report: got %v, want %v (resemblance %.2f)", test.in, got, test.want, a.Resemblance(b))
			}
			if a.Same(b) != b.Same(a) {
				t.Error("is not symmetric")
			}
		})
	}
}

func TestSameWords(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"punctuation and width", "工程将于6月3日开工。", "工程将于６月３日开工", true},
		{"one word of many", "双方要落实好中长期发展规划，扩大贸易规模。", "双方要落实中长期发展规划，扩大贸易规模。", true},
		{"one figure", "总投资4.2亿元。", "总投资4.3亿元。", false},
		{"an order of figures", "从3人增加到5人", "从5人增加到3人", false},
		{"another sentence", "The bridge will open in May.", "The bridge was paid for by the province.", false},
		{"case", "The Bridge will open.", "the bridge will open", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := family.SameWords(test.a, test.b); got != test.want {
				t.Errorf("SameWords(%q, %q) = %v, want %v", test.a, test.b, got, test.want)
			}
		})
	}
}

func TestFigures(t *testing.T) {
	got := strings.Join(family.Figures("On 3 May, 1,200.5 tons; v2.0. 二十三人，一个，１９日。12,"), "|")
	if want := "3|1200.5|2.0|二十三|19|12"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEncodeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sketch := family.Of(rapid.String().Draw(t, "text"))
		back, err := family.Decode(sketch.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if back.Encode() != sketch.Encode() {
			t.Fatalf("got %v, want %v", back, sketch)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(family.Of(report).Encode())
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		sketch, err := family.Decode(text)
		if err == nil && sketch.Encode() != "" && sketch.Resemblance(sketch) != 1 {
			t.Errorf("%q was accepted, and does not resemble itself", text)
		}
	})
}
