package family_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/akinserver/akin/embed/family"
)

const english = `The council of Halven voted on Monday to close the old ferry. Mayor Ruth Calder said that the boats, built in 1931, had cost the town 2.4 million crowns in three years.
"Nobody wants to see them go," said Owen Marrick, who has worked on them since he was sixteen. The last boat leaves on 14 March at noon. Varn, on the other shore, has asked for a bus instead.`

func TestCompare(t *testing.T) {
	tests := []struct {
		name    string
		in      string
		replace []string // pairs, in the report when in is empty
		want    family.Relation
	}{
		{name: "the same", want: family.Print},
		{name: "the other Chinese script", replace: []string{"临河市政府", "臨河市政府", "宣布", "宣佈", "加固工程", "加固工程", "将于", "將於", "总投资", "總投資", "亿", "億", "万", "萬", "两", "兩", "说", "說"}, want: family.Print},
		{name: "words of every day", replace: []string{"宣布", "公布", "照常", "正常", "介绍", "表示"}, want: family.Print},
		{name: "a name left out", replace: []string{"市长林远山说", "市长说"}, want: family.Print},
		{name: "the first half", replace: []string{"工程分三期进行。第一期加固主坝，第二期改建泄洪道，第三期迁建下游的两座泵站。", ""}, want: family.Print},
		{name: "numbers written otherwise", replace: []string{"12万", "十二万", "三个县", "3个县"}, want: family.Print},
		{name: "two names told in another order", in: strings.Replace(english, "Ruth Calder", "Calder, Ruth,", 1), want: family.Print},
		{name: "a number", replace: []string{"4.2亿", "4.3亿"}, want: family.Variant},
		{name: "a Chinese numeral", replace: []string{"三个县", "四个县"}, want: family.Variant},
		{name: "a date", replace: []string{"6月3日", "7月3日"}, want: family.Variant},
		{name: "the day and the month", replace: []string{"6月3日", "3月6日"}, want: family.Variant},
		{name: "a person", replace: []string{"林远山", "周启明"}, want: family.Variant},
		{name: "a character of a given name", replace: []string{"林远山", "林远水"}, want: family.Variant},
		{name: "a person whose name is a word", replace: []string{"林远山", "高峰"}, want: family.Variant},
		{name: "a person whose name is a word, and one who has left", replace: []string{"市长林远山说", "市长当天说"}, want: family.Print},
		{name: "a place", replace: []string{"临河市", "青石市"}, want: family.Variant},
		{name: "an English name", in: strings.Replace(english, "Owen Marrick", "Owen Tolley", 1), want: family.Variant},
		{name: "a day of the week", in: strings.Replace(english, "Monday", "Tuesday", 1), want: family.Variant},
		{name: "a month", in: strings.Replace(english, "March", "April", 1), want: family.Variant},
		{name: "a number in words", in: strings.Replace(english, "three years", "four years", 1), want: family.Variant},
		{name: "English words", in: strings.NewReplacer("asked for", "demanded", "cost", "taken from", "leaves", "sails").Replace(english), want: family.Print},
		{name: "another report of it", in: "青石水库的大坝老了四十年，村民老唐每到汛期就睡不着觉。他家离坝脚只有300米。今年，市里终于下决心修坝。", want: family.Unlike},
		{name: "a quotation", in: "新闻分析：" + strings.Repeat("一座桥造得再好，也要有人天天去看它。", 8) + "市长林远山说，工程完成后，下游三个县的12万居民将不再受汛期威胁。", want: family.Unlike},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			original, other := report, test.in
			switch {
			case other == "":
				other = strings.NewReplacer(test.replace...).Replace(report)
			case strings.HasPrefix(other, "The council"):
				original = english
			}
			if got := family.Read("", original).Compare(family.Read("", other)); got != test.want {
				t.Errorf("%q\ngot %v, want %v", other, got, test.want)
			}
			if a, b := family.Read("", original), family.Read("", other); a.Compare(b) != b.Compare(a) {
				t.Error("is not symmetric")
			}
		})
	}
}

func TestTwoNamesThatAreWords(t *testing.T) {
	named := func(who string) family.Text {
		return family.Read("", strings.NewReplacer("市长林远山说", "市长"+who+"表示").Replace(report))
	}
	for _, row := range []struct {
		a, b string
		want family.Relation
	}{
		{"高峰", "黎明", family.Variant},
		{"高峰", "高原", family.Variant},
		{"高峰", "张平安", family.Variant},
		{"高峰", "", family.Print},
		{"高峰", "高峰", family.Print},
		{"当天", "随后", family.Print},
	} {
		if got := named(row.a).Compare(named(row.b)); got != row.want {
			t.Errorf("%q and %q: got %v, want %v", row.a, row.b, got, row.want)
		}
	}
}

func TestOpeningsThatDiffer(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       family.Relation
	}{
		{"another paper's", "远声社临河5月19日电", "本报临河5月20日讯（记者甲某）", family.Print},
		{"none", "远声社临河5月19日电", "", family.Print},
		{"another date alone", "远声社临河5月19日电", "远声社临河6月18日电", family.Variant},
		{"the day and the month", "远声社临河5月9日电", "远声社临河9月5日电", family.Variant},
		{"another place alone", "远声社北京5月19日电", "远声社上海5月19日电", family.Variant},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := family.Read(test.a, report).Compare(family.Read(test.b, report)); got != test.want {
				t.Errorf("%q and %q: got %v, want %v", test.a, test.b, got, test.want)
			}
		})
	}
}

func TestCompareIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(strings.Split("青石 水库 大坝 加固 王毅 三 12 the Council said Owen ， 。", " ")), 1, 60).Draw(t, label), rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
		}
		a, b := family.Read("", text("a")), family.Read("", text("b"))
		if a.Compare(b) != b.Compare(a) {
			t.Fatal("is not symmetric")
		}
		if got := a.Compare(a); got != family.Print && text("empty") == "" {
			t.Fatalf("a text is %v of itself", got)
		}
	})
}
