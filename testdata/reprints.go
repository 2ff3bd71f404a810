package testdata

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/akinserver/akin"
)

// Change is a way in which a paper prints another one's article, or in which an article only looks like a print of another.
type Change struct {
	Name  string
	Decoy bool // the result is another text

	make func(r *rand.Rand, a akin.Article) (akin.Article, bool)
}

// Make makes the change, the same one for the same seed; false when the article offers nothing to change.
func (c Change) Make(seed uint64, a akin.Article) (akin.Article, bool) {
	a.Paragraphs = slices.Clone(a.Paragraphs)
	a.Statements = nil
	return c.make(rand.New(rand.NewPCG(seed, uint64(len(c.Name)))), a)
}

// Reprints are the changes that leave a text the same, and decoys that differ from it in one number, date or name. Traditional turns simplified characters into traditional ones.
func Reprints(traditional func(string) string) []Change {
	always := func(change func(r *rand.Rand, a *akin.Article)) func(*rand.Rand, akin.Article) (akin.Article, bool) {
		return func(r *rand.Rand, a akin.Article) (akin.Article, bool) {
			change(r, &a)
			return a, true
		}
	}
	return []Change{
		{Name: "same", make: always(func(*rand.Rand, *akin.Article) {})},
		{Name: "light edits", make: always(edit)},
		{Name: "first half", make: always(cut)},
		{Name: "sentences cut", make: always(thin)},
		{Name: "new lead", make: always(lead)},
		{Name: "new headline", make: always(func(r *rand.Rand, a *akin.Article) { headline(r, a); edit(r, a) })},
		{Name: "paragraphs merged", make: always(merge)},
		{Name: "all of these", make: always(func(r *rand.Rand, a *akin.Article) {
			headline(r, a)
			edit(r, a)
			thin(r, a)
			lead(r, a)
			merge(r, a)
		})},
		{Name: "traditional", make: func(r *rand.Rand, a akin.Article) (akin.Article, bool) {
			if !isChinese(&a) {
				return a, false
			}
			edit(r, &a)
			a.Title = traditional(a.Title)
			each(&a, traditional)
			return a, true
		}},
		{Name: "another number", Decoy: true, make: replaceOne(digits, anotherNumber)},
		{Name: "another numeral", Decoy: true, make: replaceOne(numerals, anotherNumeral)},
		{Name: "another date", Decoy: true, make: replaceOne(dates, anotherDate)},
		{Name: "another person", Decoy: true, make: replaceOne(persons, anotherOf(people))},
		{Name: "another place", Decoy: true, make: replaceOne(regexp.MustCompile(strings.Join(towns, "|")), anotherOf(towns))},
		{Name: "another name", Decoy: true, make: replaceOne(latinNames, anotherName)},
	}
}

// Traditional turns characters round by a table that turns traditional ones into simplified ones: a line has a simplified character and the traditional ones that become it.
func Traditional(table string) func(string) string {
	back := map[rune]rune{}
	for line := range strings.Lines(table) {
		runes := []rune(line)
		back[runes[0]] = runes[1]
	}
	return func(s string) string {
		return strings.Map(func(r rune) rune { return cmp.Or(back[r], r) }, s)
	}
}

func isChinese(a *akin.Article) bool {
	return strings.ContainsFunc(a.Paragraphs[0].Text, func(c rune) bool { return unicode.Is(unicode.Han, c) })
}

func each(a *akin.Article, change func(string) string) {
	for i := range a.Paragraphs {
		a.Paragraphs[i].Text = change(a.Paragraphs[i].Text)
	}
}

// edits are pairs of words of which a sub-editor takes the one for the other, and words that are put in or left out.
var edits = strings.Fields(`表示/指出 强调/着重指出 进行/开展 目前/当前 通过/经由 重要/重大 推动/推进 加强/强化 提高/提升 举行/召开 许多/不少 因此/所以 但是/不过 以及/和 帮助/协助 开始/着手 根据/依据 达到/达成
	得到/获得 努力/尽力 全面/全方位 已经/已 正在/正 继续/接着 不断/持续 积极/主动 应该/应当 可以/能够 认为/觉得 希望/期盼 人们/大家 同时/与此同时 其中/当中 据了解/据悉 此外/另外 必须/务必 建设/建造 促进/助推 发展/向前发展 坚持/始终坚持
	said/stated said/added also/too many/numerous big/large about/around because/since while/whereas but/yet begin/start help/assist show/demonstrate important/significant people/individuals
	several/a-few near/close-to however/nevertheless began/started will/is-going-to must/has-to after/following before/ahead-of new/fresh very/highly told/informed`)

func edit(r *rand.Rand, a *akin.Article) {
	each(a, func(text string) string {
		for _, pair := range edits {
			from, to, _ := strings.Cut(pair, "/")
			if to = strings.ReplaceAll(to, "-", " "); from[0] < 0x80 {
				from, to = " "+from+" ", " "+to+" "
			}
			if r.IntN(2) == 0 {
				text = strings.Replace(text, from, to, 1+r.IntN(3))
			}
		}
		if r.IntN(2) == 0 {
			text = strings.NewReplacer("，", ",", "“", "「", "”", "」").Replace(text)
		}
		if r.IntN(3) == 0 {
			text = strings.Replace(text, "的", "", 1)
		}
		return text
	})
}

// sentences cuts a paragraph after the marks that end a sentence.
func sentences(text string) []string {
	var out []string
	from := 0
	for i, c := range text {
		end := i + len(string(c))
		if strings.ContainsRune("。！？；", c) || c == '.' && (end == len(text) || text[end] == ' ') {
			out, from = append(out, text[from:end]), end
		}
	}
	if from < len(text) {
		out = append(out, text[from:])
	}
	return out
}

// keepSentences leaves those of which keep approves, and at least the first.
func keepSentences(a *akin.Article, keep func(i, n int) bool) {
	n := 0
	for _, p := range a.Paragraphs {
		n += len(sentences(p.Text))
	}
	i := 0
	var kept []akin.Paragraph
	for _, p := range a.Paragraphs {
		text := ""
		for _, s := range sentences(p.Text) {
			if i == 0 || keep(i, n) {
				text += s
			}
			i++
		}
		if text = strings.TrimSpace(text); text != "" {
			kept = append(kept, akin.Paragraph{Text: text})
		}
	}
	a.Paragraphs = kept
}

func cut(_ *rand.Rand, a *akin.Article) {
	keepSentences(a, func(i, n int) bool { return 2*i <= n })
}

func thin(r *rand.Rand, a *akin.Article) {
	keepSentences(a, func(int, int) bool { return r.IntN(5) > 0 })
}

func headline(r *rand.Rand, a *akin.Article) {
	a.Title = []string{"What the Papers Say Today", "From Other Papers"}[r.IntN(2)]
	if isChinese(a) {
		a.Title = []string{"今日要闻摘编", "各报要览"}[r.IntN(2)]
	}
}

func lead(r *rand.Rand, a *akin.Article) {
	text := []string{
		"It has been a long time coming, and not everybody in the region will be pleased with what is now on the table. ",
		"Readers of this page will remember the story, which has taken another turn since it was last told here. ",
	}[r.IntN(2)]
	if isChinese(a) {
		text = []string{"近日，一则消息引发社会广泛关注，不少读者来信来电询问详情，本报为您带来详细报道。", "备受瞩目的这项工作又传来新的进展，记者第一时间进行了梳理，一起来看看都有哪些看点。"}[r.IntN(2)]
	}
	headline(r, a)
	a.Paragraphs = append([]akin.Paragraph{{Text: text}}, a.Paragraphs...)
}

func merge(r *rand.Rand, a *akin.Article) {
	between := " "
	if isChinese(a) {
		between = ""
	}
	merged := a.Paragraphs[:1:1]
	for _, p := range a.Paragraphs[1:] {
		if r.IntN(3) > 0 {
			merged[len(merged)-1].Text += between + p.Text
		} else {
			merged = append(merged, p)
		}
	}
	a.Paragraphs = merged
}

// What a decoy changes.
var (
	digits     = regexp.MustCompile(`\d+(?:\.\d+)?`)
	numerals   = regexp.MustCompile(`[二三四五六七八九](?:个|年|次|位|名|项|条|家|座|天|岁)|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)\b`)
	dates      = regexp.MustCompile(`\d{1,2}月(?:\d{1,2}日)?|(?:星期|周)[一二三四五六日]|\b(?:January|February|March|April|June|July|August|September|October|November|December|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b`)
	persons    = regexp.MustCompile(`习近平|李克强|王毅|韩正|栗战书|汪洋|赵乐际|王沪宁|杨洁篪|普京|拜登|(?:主席|总理|部长|市长|书记|外长|总统|主任|局长|校长|记者)([王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏][一-龥]{1,2})(?:说|表示|指出|介绍|认为|告诉)`)
	latinNames = regexp.MustCompile(`[a-z,] (?:Mr\. |Mrs\. |President |Minister |Mayor )?([A-Z][a-z]{3,})\b`)

	people = strings.Fields("王建国 李志强 张明 陈晓东 刘洋 赵丽华 周启明 林远山 孙伟 吴秀兰 钱三强 阿尔瓦雷斯 萨科齐 默克尔")
	towns  = strings.Fields("北京 上海 天津 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 西藏 新疆 广西 宁夏 内蒙古 香港 澳门 武汉 广州 深圳 成都 西安 " +
		"南京 杭州 美国 英国 法国 德国 俄罗斯 日本 韩国 印度 巴西 埃及 意大利 西班牙 乌克兰 以色列 伊朗 叙利亚")
	latin  = strings.Fields("Harrison Oakley Brandt Moreau Lindqvist Petrov Calder Whitmore Lisbon Dakar Norfolk Geneva Marlow")
	months = strings.Fields("January February March April June July August September October November December")
	// notNames are words with a capital letter that replacing a name must not take for one.
	notNames = func() map[string]bool {
		m := map[string]bool{}
		for _, w := range strings.Fields("Internet President Minister Prime Mayor Senator Governor Judge Court Police Doctor Woman North South East West") {
			m[w] = true
		}
		return m
	}()
	days = strings.Fields("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
)

// replaceOne puts something else in the place of one match of a pattern, or of its first group.
func replaceOne(pattern *regexp.Regexp, another func(r *rand.Rand, was string) string) func(*rand.Rand, akin.Article) (akin.Article, bool) {
	return func(r *rand.Rand, a akin.Article) (akin.Article, bool) {
		type place struct{ paragraph, from, to int }
		var all []place
		for i, p := range a.Paragraphs {
			for _, m := range pattern.FindAllStringSubmatchIndex(p.Text, -1) {
				from, to := m[0], m[1]
				if len(m) > 2 && m[2] >= 0 {
					from, to = m[2], m[3]
				}
				if !notNames[p.Text[from:to]] {
					all = append(all, place{i, from, to})
				}
			}
		}
		if len(all) == 0 {
			return a, false
		}
		at := all[r.IntN(len(all))]
		text := a.Paragraphs[at.paragraph].Text
		a.Paragraphs[at.paragraph].Text = text[:at.from] + another(r, text[at.from:at.to]) + text[at.to:]
		return a, true
	}
}

func anotherOf(list []string) func(*rand.Rand, string) string {
	return func(r *rand.Rand, was string) string {
		for {
			if now := list[r.IntN(len(list))]; now != was {
				return now
			}
		}
	}
}

func anotherName(r *rand.Rand, was string) string {
	if slices.Contains(months, was) || slices.Contains(days, was) {
		return anotherDate(r, was)
	}
	return anotherOf(latin)(r, was)
}

func anotherNumber(r *rand.Rand, was string) string {
	if whole, err := strconv.Atoi(was); err == nil {
		return fmt.Sprint(whole + 1 + r.IntN(9))
	}
	return was + strconv.Itoa(1+r.IntN(9))
}

func anotherNumeral(r *rand.Rand, was string) string {
	for _, list := range []string{"二三四五六七八九", "two three four five six seven eight nine ten twelve twenty"} {
		words := strings.Fields(list)
		if list[0] > 0x80 {
			words = strings.Split(list, "")
		}
		for _, w := range words {
			if rest, ok := strings.CutPrefix(was, w); ok && (rest == "" || rest[0] > 0x80) {
				return anotherOf(words)(r, w) + rest
			}
		}
	}
	return was + "1" // not reached: the pattern and the lists are the same
}

func anotherDate(r *rand.Rand, was string) string {
	switch {
	case slices.Contains(months, was):
		return anotherOf(months)(r, was)
	case slices.Contains(days, was):
		return anotherOf(days)(r, was)
	case was[0] < 0x80:
		return digits.ReplaceAllStringFunc(was, func(n string) string { return anotherNumber(r, n) })
	}
	last := string([]rune(was)[len([]rune(was))-1])
	return strings.TrimSuffix(was, last) + anotherOf(strings.Split("一二三四五六日", ""))(r, last)
}
