package statement

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// A cue is a word that reports speech.
type cue struct {
	word  string
	after after
	runes []rune // of the word
}

// after is what may follow a cue for it to report speech.
type after int

const (
	mark after = iota // a comma, a colon or a quotation mark: 介绍，
	any               // or the words themselves: 认为这是
)

// chineseCues by their first character, longest first.
var chineseCues = cueTable(map[after]string{
	any: "说 表示 指出 强调 认为 称 宣称 声称 坚称 坦言 透露 呼吁 警告 重申 主张 直言 预测 预计 希望 建议 承认 要求 提醒 号召",
	mark: "说道 说过 讲 讲道 讲到 讲述 谈 谈道 谈到 提到 提出 介绍 介绍说 补充 补充说 补充道 回应 回应说 回应称 回应道 解释 解释说 解释道 解释称 " +
		"分析 分析说 分析称 分析认为 指出说 强调说 强调指出 表态 承诺 保证 否认 证实 宣布 披露 回忆 回忆说 回忆道 感慨 感慨道 感慨地说 感叹 感叹道 感言 反驳 反驳说 反驳道 批评说 批评道 " +
		"问 问道 询问 反问 追问 答 答道 回答 回答说 回答道 写道 写 喊 喊道 笑道 笑言 叹道 赞道 赞叹 叮嘱 嘱咐 打趣 打趣说 打趣道 评价 评价说 评价道 评论 评论说 总结 总结说 总结道 相信 告诫 告诉 " +
		"形容 描述 描述道 自嘲 自述 坦承 呼吁说 警告说 警告称 表示说 谈及 说起 指示 反映 反映说 吐露 放言 扬言 断言 笑着说 申明 辩称 供述 供称 推测 估计 判断 获悉 了解到 报道",
})

func cueTable(words map[after]string) map[rune][]cue {
	table := map[rune][]cue{}
	for kind, list := range words {
		for _, w := range strings.Fields(list) {
			first := []rune(w)[0]
			table[first] = append(table[first], cue{w, kind, []rune(w)})
		}
	}
	for _, cues := range table {
		// The longest first, and in one order whatever that of the map.
		slices.SortFunc(cues, func(a, b cue) int {
			return cmp.Or(cmp.Compare(len(b.word), len(a.word)), cmp.Compare(a.word, b.word), cmp.Compare(a.after, b.after))
		})
	}
	return table
}

// cueStarts are the characters that cues begin with.
var cueStarts = func() *runes {
	var m runes
	for r := range chineseCues {
		m.add(r)
	}
	return &m
}()

// notBefore and notBehind are what makes another word of a cue when it stands next to it: 据说, 说明; 名称, 称为.
var (
	notBefore = map[string]string{
		"说":  "小 传 学 据 可以 换句话 也就是 就是 老实 应该 虽 如果 假 游 劝 按理 俗话 常言 古语 老话 胡 述 诉 解 众 演 邪 比方 比如 不 没人 敢 怎么 所 客观地 坦白地 严格地 简单地 确切地 准确地 俗语 照 长话短",
		"称":  "名 职 号 堪 自 简 俗 誉 统 戏 著 所 并 尊 别 旧 古 昵 爱 谑 合 对 匀 宣 声 坚 辩 供 不",
		"表示": "不 未 均未 没有 未作",
		"认为": "被 曾被 公 不被 一般 普遍 通常 不 所",
		"指出": "应当 应该 需要 必须 值得 需 须 要 应 被 未",
		"强调": "应当 需要 必须 值得 应 被 需 所",
		"提出": "所 被",
		"要求": "按照 按 应 依照 符合 达到 提出 的 被 有 根据",
		"介绍": "自我 被 经人 经",
		"写":  "书 抒 描 改 编 填 听 抄 手 速",
		"问":  "请 学 访 慰 顾 过 疑 提 审 质 反 追 询 设 不 发",
		"答":  "回 问 解 应 报 作",
		"谈":  "会 面 洽 座 交 访 漫 商 约 详 畅 不",
		"讲":  "演 宣 听 主 来 开 不",
		"希望": "的 有 没有",
		"相信": "不 无法",
		"写道": "",
		"喊":  "呼 叫",
		"评价": "高度 积极 的 未 进行 综合 指标",
		"形容": "无法 难以",
		"反映": "据群众",
		"报道": "的 相关 有关 新闻 深入 跟踪 连续 专题 广泛",
	}
	notBehind = map[string]string{
		"说":  "明 法 服 唱 辞 教 不 到底 起 白 话 实 出 了 过 的 好 完 来 谎 着 客 理 笑 书 成 破 一 两 几 是 得 和 词 辞 亲 情 穿",
		"称":  "为 号 呼 赞 作 之 职 霸 道 心 得 不 谓 重 病 兄 王 雄 羡 颂 臣 量 的 了",
		"表示": "感谢 祝贺 热烈 欢迎 慰问 哀悼 同情 敬意 敬佩 赞赏 满意 不满 遗憾 抗议 反对 支持 关切 关注 担忧 担心 忧虑 理解 谢意 歉意 赞同 同意 肯定 高度 衷心 诚挚 由衷 亲切 深切 深深 强烈 坚决 严重 极大 谴责 愤慨 震惊 悲痛 沉痛 惋惜 怀疑 尊重 尊敬 崇高 问候 友好 了 过 出 的 着 不同意 认可 异议 敬 谢 最 充分 一致 良好 美好 节日 新年 真诚 亲近 拒绝 默认 乐观 信心 欣赏 否定 忠诚 高兴",
		"认为": "的 是不",
		"指出": "了 的 过 来",
		"强调": "了 的 过 性 和",
		"呼吁": "书 的 了",
		"透露": "了 出 的 过 着 给",
		"坦言": "的",
		"主张": "的 和",
		"警告": "了 的 过 性 和 信号",
		"重申": "了 的 对 其",
		"预测": "的 了 模型 值 到 和",
		"预计": "的 在 今 明 到 将 可 年 全 于 下",
		"要求": "的 了",
		"希望": "的 工程 小学 和 了 在",
		"建议": "的 书 稿 和",
		"提醒": "的 了",
		"承认": "的 了",
		"讲话": "的 精神",
		"声明": "的",
	}
)

// denied is what before a cue says that it does not report.
var denied = runeWords([]string{"没有", "并未", "尚未", "未曾", "不愿", "不肯", "拒绝", "无法", "难以", "不便", "不能", "不想", "不会", "未", "没", "有必要", "不敢", "如果", "假如", "是否", "不再"})

func splitTable(m map[string]string) map[string][][]rune {
	out := make(map[string][][]rune, len(m))
	for k, v := range m {
		out[k] = runeWords(strings.Fields(v))
	}
	return out
}

func runeWords(words []string) [][]rune {
	out := make([][]rune, 0, len(words))
	for _, w := range words {
		out = append(out, []rune(w))
	}
	return out
}

var noBefore, noBehind = splitTable(notBefore), splitTable(notBehind)

// cueAt returns the cue that a text has at place i, if what stands around it lets it report speech.
func cueAt(text []rune, i int) (cue, bool) {
	if !cueStarts.has(text[i]) {
		return cue{}, false
	}
	for _, c := range chineseCues[text[i]] {
		if !hasPrefix(text[i:], c.runes) {
			continue
		}
		end := i + len(c.runes)
		for _, w := range noBehind[c.word] {
			if hasPrefix(text[end:], w) {
				return cue{}, false
			}
		}
		for _, w := range noBefore[c.word] {
			if hasSuffix(text[:i], w) {
				return cue{}, false
			}
		}
		for _, w := range denied {
			if hasSuffix(text[:i], w) {
				return cue{}, false
			}
		}
		return c, true
	}
	return cue{}, false
}

// nouns are cues that are nouns too, and nounBefore is what then stands before them: 三点建议, 更高要求.
var (
	nouns      = set(strings.Fields(`要求 建议 主张 承诺 保证 评价 分析 总结 判断 推测 估计 希望 警告 预测 介绍 回应 解释 回忆 提醒 呼吁 评论 描述 讲述 预计`))
	nounBefore = strings.Fields(`的 点 项 条 些 种 个 份 类 新 重要 政治 有关 相关 具体 技术 质量 基本 工作 标准 更高 任务 时代 实践 群众 现实 迫切 必然 内在 根本 客观 严格 纪律 统一 出 进行 开展 作出 做出 予以 经济`)
	// issued is what a clause says of a noun: 发布秋季经济预测.
	issued = regexp.MustCompile(`(?:发布|公布|发表|出台|印发)[^，]{0,12}$`)
	// ruling is how a clause opens that says what follows from somebody's words, not what they are.
	ruling = regexp.MustCompile(`^(?:根据|按照?|遵照|依据|围绕|落实|贯彻|响应|正如|如同|就像)`)
)

// isNoun reports whether a cue behind some words is a noun.
func isNoun(c cue, words string) bool {
	if !nouns[c.word] {
		return false
	}
	if ruling.MatchString(words) || issued.MatchString(words) {
		return true
	}
	for _, w := range nounBefore {
		if strings.HasSuffix(words, w) {
			return true
		}
	}
	return false
}

func hasPrefix(text, prefix []rune) bool {
	if len(text) < len(prefix) {
		return false
	}
	for i, r := range prefix {
		if text[i] != r {
			return false
		}
	}
	return true
}

func hasSuffix(text, suffix []rune) bool {
	return len(text) >= len(suffix) && hasPrefix(text[len(text)-len(suffix):], suffix)
}
