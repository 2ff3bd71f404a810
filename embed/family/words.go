package family

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the lists
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed data/simplified.txt
var simplifications string

// simplified maps the traditional characters of the basic plane to the simplified ones, so that a reprint in the other script is the same text.
// A line of the file has a simplified character and the traditional ones that it stands for.
var simplified = sync.OnceValue(func() *[1 << 16]uint16 {
	table := new([1 << 16]uint16)
	for line := range strings.Lines(simplifications) {
		simple, size := utf8.DecodeRuneInString(line)
		for _, traditional := range strings.TrimSpace(line[size:]) {
			table[traditional] = uint16(simple)
		}
	}
	return table
})

func simplify(r rune) rune {
	if r >= 0x3400 && r < 1<<16 {
		if simple := simplified()[r]; simple != 0 {
			return rune(simple)
		}
	}
	return r
}

//go:embed data/places.txt.gz
var packedPlaces []byte

//go:embed data/common.txt.gz
var packedCommon []byte

// Chinese words that name places and bodies, and those of every day. What is in neither is a person's name as often as not.
var (
	places = sync.OnceValue(func() map[string]bool { return unpacked(packedPlaces) })
	common = sync.OnceValue(func() map[string]bool { return unpacked(packedCommon) })
)

// longestWord is that of the lists, in characters.
const longestWord = 6

func unpacked(packed []byte) map[string]bool {
	in, err := gzip.NewReader(bytes.NewReader(packed))
	var text []byte
	if err == nil {
		text, err = io.ReadAll(in)
	}
	if err != nil {
		panic(fmt.Sprintf("read the words that are built in: %v", err)) // the program itself is damaged
	}
	words := strings.Fields(string(text))
	list := make(map[string]bool, len(words))
	for _, w := range words {
		list[w] = true
	}
	return list
}

// single are the characters that are words of every day by themselves.
var single = set(strings.Split("的 地 得 了 着 过 在 和 与 及 或 将 会 已 也 都 就 又 还 很 更 最 不 没 未 是 有 为 被 把 对 向 从 到 于 以 而 但 则 因 由 这 那 其 之 所 等 个 们 我 你 他 她 它 "+
	"该 此 各 每 某 本 并 且 即 却 仍 再 曾 正 刚 才 只 可 能 应 须 要 想 让 使 令 叫 给 替 比 跟 同 当 自 至 经 按 据 凭 靠 除 凡 若 如 虽 既 非 无 多 少 大 小 新 旧 好 坏 高 低 长 短 快 慢 早 晚 前 后 上 下 里 外 中 内 间 "+
	"说 称 讲 道 问 答 看 听 见 做 作 干 办 开 关 来 去 走 入 出 进 起 用 拿 带 送 收 买 卖 建 造 修 改 定 变 增 减 升 降 超 达 占 获 受 种 类 项 次 名 位 人 些 点 者 家 员 部 事 物 处 年 月 日 时 天 号 吗 呢 吧 啊", " ")...)

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// English words that are written with a capital letter and name nobody, beside those that begin a sentence; and short forms, which mean what the long ones do.
var (
	titles  = set(strings.Fields(`mr mrs ms dr sir prof president premier prime minister chairman chairwoman secretary senator sen governor gov mayor gen i i'm i've i'll the a an internet`)...)
	openers = set(strings.Fields(`the a an this that these those it its he she they we you i his her their our your there here what when where who why how which while as at in on of for from
		to by with without after before since until during between among about over under if then but and or so yet not no nor all some many most few each every both one another other others such more
		much also even still just only now today yesterday tomorrow last next once again however meanwhile instead although though because despite besides moreover furthermore according earlier later
		nearly almost around roughly officials police people experts critics local state federal national new old`)...)
)

// numberWords are numbers, months and days of the week in words, each with the form in which two texts are compared.
var numberWords = func() map[string]string {
	m := map[string]string{}
	for i, w := range strings.Fields(`zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty`) {
		m[w] = fmt.Sprint(i)
	}
	for i, w := range strings.Fields(`ten twenty thirty forty fifty sixty seventy eighty ninety hundred`) {
		m[w] = fmt.Sprint(10 * (i + 1))
	}
	for i, w := range strings.Fields(`first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth`) {
		m[w] = fmt.Sprintf("#%d", i+1)
	}
	m["thousand"], m["million"], m["billion"], m["trillion"] = "1000", "million", "billion", "trillion"
	m["dozen"], m["half"], m["quarter"], m["twice"], m["double"], m["triple"] = "12", "1/2", "1/4", "x2", "x2", "x3"
	return m
}()

// calendar are the names of months and days, which are numbers where they are written with a capital letter.
var calendar = func() map[string]string {
	m := map[string]string{}
	for i, w := range strings.Fields(`january february march april may june july august september october november december`) {
		m[w], m[w[:3]] = fmt.Sprintf("month %d", i+1), fmt.Sprintf("month %d", i+1)
	}
	m["sept"] = "month 9"
	for i, w := range strings.Fields(`monday tuesday wednesday thursday friday saturday sunday`) {
		m[w], m[w[:3]] = fmt.Sprintf("day %d", i+1), fmt.Sprintf("day %d", i+1)
	}
	m["tues"], m["thur"], m["thurs"] = "day 2", "day 4", "day 4"
	delete(m, "sun")
	delete(m, "sat")
	return m
}()
