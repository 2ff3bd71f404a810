package statement

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/akinserver/akin/embed/name"
)

// A clause with a cue names its speaker first, then says when, where and how the speech was made, then has the cue:
// 市长林远山 19日在通车仪式上高兴地 表示. Before the name may stand when and where too.

// opener is what may stand before the name.
var opener = regexp.MustCompile(`^(?:但是?|而|不过|然而|同时|此外|另外|其中|对此|为此|最后|随后|接着|那么|因此|所以|于是|当天|当日|当晚|同日|日前|近日|今天|昨天|昨日|今日|稍后|近来|此前|另据|又据|据|(?:\d{4}年)?(?:\d{1,2}月)?\d{1,2}日(?:上午|下午|晚上|晚间|晚|凌晨|清晨|中午|早上)?|\d{4}年|当地时间|上午|下午|晚上|早在|说完|说罢|话音刚落，?)+`)

// opens are the characters that openers begin with.
var opens = runesOf("但而不然同此另其对为最随接着那因所于当日前近今昨稍近此另又据0123456789上下早说话")

// after the name stands one of these, most of them verbs and prepositions.
var adverbials = byFirst(strings.Fields(`
	在 就 对 向 于今 于当 接受 出席 主持 会见 会后 会前 会谈 日前 近日 今天 昨天 今日 昨日 当天 当日 当晚 当场 同日 同一天 上午 下午 晚上 凌晨 清晨 中午 傍晚 日后 事后 随后 之后 后来 此前 曾 已 还 也 则 又 再次 再 并 都 均 皆 一致 共同
	分别 将 仍 却 便 即 首先 最后 接着 同时 进一步 特别 明确 反复 多次 一再 郑重 坦率 坚定 公开 高兴 激动 动情 欣慰 遗憾 无奈 笑着 微笑 笑 自豪 感慨 回忆 致辞 致词 发言 讲话 讲述 回答 回应 谈到 提到 谈及 谈起 说起 面对 参加 考察 调研
	视察 介绍 发表 发布 发文 通过 代表 根据 针对 这样 如此 曾经 稍后 刚刚 正在 告诉 一边 边 认真 语重心长 指着 拿着 看着 望着 站在 坐在 用 以 为 从 由 把 被 给 跟 听 连 连连 不禁 忍不住 深有感触 颇 很 十分 非常 当时 当年 现在 目前 如今 每次 总是 常 常常
	经常 时常 有时 心里 私下 私底下 电话 书面 现场 率先 立即 马上 当即 起身 抬头 点头 摇头 叹 补充 解释 强调 指出 表示 要求 同时 签署 宣布 邀请 祝贺 抵达 到访 走访 看望 慰问 作 做 摊 扳 擦 抹 想 指 着 说 只 才 更 最 是 有 没 不 来 到 去 坐 站 握 举 ，`))

// subjectOf reads the speaker from the words of a clause before its cue.
func (c *chinese) subjectOf(words string) subject {
	p := c.people
	if s, ok := p.clauses[words]; ok {
		return s
	}
	s := p.subjectOf(words, 0)
	if len(p.clauses) < maxResolved {
		p.clauses[words] = s
	}
	return s
}

func (p *people) subjectOf(words string, depth int) subject {
	if utf8.RuneCountInString(words) > longestClause || depth > 3 {
		return subject{}
	}
	words = strings.TrimSpace(words)
	if opens.has(firstRune(words)) {
		words = opener.ReplaceAllString(words, "")
	}
	if known := p.startingWith(words); known != "" {
		return subject{person, known}
	}
	var best subject
	for _, cut := range cuts(words) {
		s := p.subject(words[:cut])
		if s.kind == person || s.kind == heOrShe {
			return p.longer(s, words[cut:])
		}
		if best.kind == nobody || best.kind == body && s.kind == someone && speaksFor(words[:cut], best.name) {
			best = s
		}
	}
	// 在开幕式上市长林远山: the name stands behind the place.
	if strings.HasPrefix(words, "在") || strings.HasPrefix(words, "谈") || strings.HasPrefix(words, "面对") || strings.HasPrefix(words, "针对") {
		for _, end := range []string{"会上", "式上", "动上", "坛上", "场上", "时", "期间", "现场", "之后", "问题", "后"} {
			if at := strings.LastIndex(words, end); at > 0 {
				if s := p.subjectOf(words[at+len(end):], depth+1); s.kind == person || s.kind == heOrShe {
					return s
				}
			}
		}
	}
	return best
}

// speaksFor reports whether words name somebody who is of a body, and not the body: 水务局有关负责人.
func speaksFor(words, body string) bool {
	rest, ok := strings.CutPrefix(words, body)
	return ok && utf8.RuneCountInString(rest) <= 8 && !strings.ContainsAny(rest, "在于就对向从") && (endsTitle(rest) || endsGeneric(rest) && !documents.MatchString(rest))
}

// documents are the papers and words through which a body speaks.
var documents = regexp.MustCompile(`(?:报告|声明|公报|文章|通知|通报|公告|消息|数据|报道|决定|意见|方案|文件|社论|评论|统计|预报)$`)

// startingWith returns the person whom a clause begins with, if the article names that person elsewhere and the name
// is not a part of another's: 某某的教练, 某某和另一人.
func (p *people) startingWith(words string) string {
	best, length := "", 0
	for _, full := range p.everybody() {
		for _, called := range []string{full, lastPart(full)} {
			if len(called) > length && strings.HasPrefix(words, called) && !strings.ContainsRune("的和与、及同夫秘办母父妻家兄弟姐妹儿女某·", firstRune(words[len(called):])) {
				best, length = full, len(called)
			}
		}
	}
	return best
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// lastPart returns the last part of a foreign name, by which it is mostly called.
func lastPart(full string) string {
	if dot := strings.LastIndexFunc(full, name.IsDot); dot >= 0 {
		return strings.TrimLeftFunc(full[dot:], name.IsDot)
	}
	return full
}

// longer returns the speaker with a third character of the name, when the clause was cut at one that begins an
// adverbial too but follows the name all through the article: 万福来.
func (p *people) longer(s subject, rest string) subject {
	next := firstRune(rest)
	if s.kind != person || utf8.RuneCountInString(s.name) != 2 || !strings.ContainsRune("来为常", next) {
		return s
	}
	if full := s.name + string(next); p.counted(full) > 0 && p.counted(full) == p.counted(s.name) {
		delete(p.full, s.name)
		p.sorted = nil
		p.full[full] = true
		return subject{person, full}
	}
	return s
}

// cuts returns the places where the name at the start of a clause may end, in order.
func cuts(words string) []int {
	var all []int
	for i, r := range words {
		if i == 0 {
			continue
		}
		if '0' <= r && r <= '9' || r == '□' || r == ' ' {
			all = append(all, i)
			continue
		}
		if r == '同' && !strings.HasPrefix(words[i:], "同一天") && !strings.HasPrefix(words[i:], "同日") && !strings.HasPrefix(words[i:], "同时") || r == '与' || r == '和' || r == '跟' {
			// 卫某和索某认为 has two speakers, 卫某同索某会谈时表示 has one.
			if strings.HasSuffix(words, "时") || strings.HasSuffix(words, "后") || strings.HasSuffix(words, "中") {
				all = append(all, i)
			}
			continue
		}
		if insideForeign(words, i, r) {
			continue
		}
		for _, a := range adverbials[r] {
			if strings.HasPrefix(words[i:], a) {
				all = append(all, i)
				break
			}
		}
	}
	return append(all, len(words))
}

// insideForeign reports whether the character r at place i stands between others of a foreign name.
func insideForeign(words string, i int, r rune) bool {
	before, _ := utf8.DecodeLastRuneInString(words[:i])
	behind := firstRune(words[i+utf8.RuneLen(r):])
	return name.IsTransliteration(r) && (name.IsTransliteration(before) || name.IsDot(before)) && (name.IsTransliteration(behind) || name.IsDot(behind))
}

// actsIn reports whether words name a person, and not only what he wrote or thought: 林远山关于水利的论述.
func actsIn(words, called string) bool {
	for called != "" {
		i := strings.Index(words, called)
		if i < 0 {
			return false
		}
		words = words[i+len(called):]
		if !worksOf.MatchString(words[:min(len(words), 40)]) {
			return true
		}
	}
	return false
}

// worksOf is how words behind a name go on that tell of works and not of the person.
var worksOf = regexp.MustCompile(`^(?:总书记|主席|同志|总理)?(?:关于|重要|新时代|\p{Han}{2,4}思想|的(?:重要|亲切|深切|诚挚|战略|题词|著作|文章|思想|论述|指示))`)

// mentioned returns the persons that words of the narrator name, by their full names. Of one who is not known by name
// but stands there with a title it returns what can be read: that is enough to see that there is another.
func (p *people) mentioned(words string) []string {
	var names []string
	add := func(s string) {
		for _, n := range names {
			if n == s || strings.HasPrefix(n, s) {
				return
			}
		}
		names = append(names, s)
	}
	for _, full := range p.everybody() {
		if short := lastPart(full); actsIn(words, short) {
			add(full)
		}
	}
	for i := range words {
		if i == 0 || !endsTitle(tail(words[:i], 12)) {
			continue
		}
		rest := words[i:]
		if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(rest, n) || strings.HasPrefix(rest, lastPart(n)) }) {
			continue
		}
		if family := name.Surname(rest); family != "" {
			if full := p.nameAt(rest, family); full != "" && !notPeople[full] && !badEnd(full) && !strings.ContainsAny(full, functionWordsHan) && p.introduced(full) {
				add(full)
			}
		}
	}
	return names
}
