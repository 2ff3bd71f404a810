package encoder

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

// How much a word tells about its text depends on how rare it is. The built-in embedder sees one text at a time, so it takes
// rarity from these lists: words and characters that are common in any writing, the most common first. A word that is not
// listed counts as rare. The lists are written by hand and need not be exact: a word in the wrong tier costs little.

// tiers of words, with what a word of each weighs; one that is in none weighs 1.
var tiers = []struct {
	weight float32
	words  string
}{
	{functionWeight, `
a an the and or but nor if then than that this these those there here it its he him his she her hers they them their theirs we us our ours you your yours i me my mine
st nd rd th
myself himself herself itself themselves yourself ourselves who whom whose which what when where why how
is am are was were be been being do does did done doing have has had having will would shall should can could may might must
not no of in on at by to from for with without into onto out up down over under about as so such too very just also only
dont doesnt didnt isnt arent wasnt werent hasnt havent hadnt wont wouldnt cant cannot couldnt shouldnt
because while during before after between through against among upon per via off again once both each few more most other others some any all same own s t
de la le les des du et en une est que qui dans sur au aux ce cette il elle ne pas se sont avec
der das und ist von zu den dem des ein eine einer einem einen nicht mit sich auf auch es im am wie
el y una por del al lo su sus como para
que não uma do da os dos das em no na
il di che è per della del gli nel
het een niet
и в не на что с по это как из от за для он она они к у о же`},
	{0.3, `
said say says saying told tell tells year years one new first last people time times day days week weeks month months make makes made making
get gets got getting go goes going went gone come comes came coming take takes took taken taking know known see seen saw give gave given
like well even now still back many much every since until around another way ways according reported report reports news today
yesterday tomorrow ago think thought want wanted use used using good great mr mrs ms dr monday tuesday wednesday thursday friday saturday sunday`},
	{0.5, `
january february march april may june july august september october november december jan feb mar apr jun jul aug sept sep oct nov dec
hundred thousand second third percent part place thing things something anything nothing
long little big large small high low old young next early late later never always often already yet ever away however although though whether
government state states country countries national city world public group member members company companies business work working works worked
including include includes included number several least less without within across along toward towards near far behind
man men woman women child children life home house family head hand right left end set put show shows showed shown call called calls
help need needs look looking looked find found keep kept let begin began start started turn turned move moved run running
week morning night evening afternoon spokesman spokeswoman statement asked ask added official officials authorities minister president party
may lot kind sort really actually quite rather perhaps almost enough together able best better major main top full half whole real
become became seem seems seemed feel felt leave leaving bring brought happen happened hold held expect expected believe believed
important different possible available due likely clear certain sure based following current currently recent recently former late
per cent us uk am pm via etc e g ie eg vs re http https www com org photo image video read click`},
	{0.7, `
area case cases change changes changed chief common community control cost costs deal decision department development director effect effort
face fact force forces form free friend friends full general girl boy health history human idea increase industry information interest interests issue issues job jobs
join joined key law lead leader leaders leading level line list live living local lost lose love market matter meeting meet mean means met mind
minute minutes hour hours money month moment mother father name named night office open order organization pay paid past percent period person place plan plans planned planning play played
point points police policy political position power press price prices problem problems process program programme project provide provided question questions rate rates reach reached
reason record region release released research result results return returned road role room sale sales school security sell sense series serve service services share shares
side simple single site situation social society south north east west special staff stage stand story street strong student students study support system team
technology term test thank top total town trade try trying trying tried understand university value visit wait walk war watch water white black wife woman word words write wrote written young
according action address against age agency agree agreed agreement air allow allowed announced announcement appear appeared approach associated association attack attempt average award
bank base board body book building built buy bought campaign capital car care cause caused central centre center chairman chance charge charged choice claim claims claimed class close closed
college comment committee concern concerns condition conditions conference consider considered continue continued contract council court create created crisis cut data date daughter son dead death died die
decided defence defense design despite detail details develop developed difficult district door draw drive drop early earlier economic economy education election employees energy event events evidence example executive
experience eye fall fear feature federal field fight figure figures film final financial fire firm floor focus food foreign forward future game games ground growing growth guy gun hard
hear heard heart hit hope hospital hot huge hundreds thousands millions image impact improve income incident individual inside international investigation investment involved justice kill killed
land language largest latest launch launched lawyer less letter light limited link loss machine majority manager management mark media medical middle military model modern movement
music nation nature network nearly note offer offered oil operation opportunity opposition outside page paper parents particular partner peace performance personal phone picture piece plane player players
population post potential present pressure private probably product production products professional property proposed protect protection race raise raised range ready receive received reduce
related relationship remain remained remains report reporter reporters represent require required response responsible rest rise risk rock rule rules safe safety scene science season seat secretary section
seek senior sent send serious shot shop shooting shoot sign signed significant similar sit size soon sound source sources space speak spoke speech sport spend spent standard step stop stopped
strategy style subject success successful suggest suggested suspect table talk talks talking tax terms themselves theory thinking thus title took training travel treatment trial trip true truth type
two three four five six seven eight nine ten eleven twelve million billion united various victim victims view violence voice vote weapon weeks weekend win won winning winner wide window worker workers wrong`},
}

// chars are the commonest characters of written Chinese, the most common first. Traditional forms are read as simplified ones; those at the end count for the rank of 著 alone, which has none.
const chars = `的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里` +
	`用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日` +
	`军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见` +
	`被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论` +
	`处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资` +
	`命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住` +
	`告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔` +
	`价联步青低持整风府八每六七周九百千亿元米约近日讯称访华京届项转调深包连快件专满型足状红消标单城习越易车县` +
	`村党委书记者主任总理主席部长省州局厅镇街站早晚夜午号层网站台线客店银票服务费购卖买环影响称族` +
	`這個們來為國說時會對後過發經還進從實軍無與長機關點業將兩間問戰頭體產話報結務場計區隊論處義條係變電數總統書則聽邊張該萬術領華員東開動當樣學現種著裡見`

// Words of two characters that are common in any Chinese writing or in any report, in simplified characters: the two tell less than other two of their kind.
const charPairs = `我们 他们 她们 你们 它们 自己 这个 那个 这些 那些 这样 那样 这种 什么 怎么 为什 一个 一些 一种 一样 一直 一定 一次 一年 两个 三个 没有 不是 就是 也是 还是 都是 ` +
	`可以 可能 能够 应该 需要 必须 已经 正在 将会 曾经 因为 所以 但是 如果 虽然 而且 或者 以及 并且 其中 其他 由于 对于 关于 根据 通过 随着 为了 按照 ` +
	`目前 现在 今天 昨天 明天 今年 去年 明年 当日 当天 近日 日前 时候 时间 期间 之后 之前 以来 以上 以下 同时 此外 另外 然而 不过 不仅 更加 非常 十分 ` +
	`中国 记者 表示 报道 新华 华社 社记 中新 新网 网记 据悉 介绍 认为 指出 强调 称为 进行 发展 工作 问题 经济 社会 国家 政府 公司 企业 市场 情况 方面 部门 活动 相关 有关 ` +
	`全国 我国 人民 北京 地区 城市 国际 世界 组织 管理 技术 服务 项目 建设 生产 产品 生活 影响 重要 主要 不同 开始 成为 作为 实现 提高 提供 加强 推进 推动 促进 保障 完成 继续 ` +
	`月日 年月 日电 日讯 万元 亿元 左右 超过 达到 增长 第一 第二 第三 一是 二是 三是 多个 多年 大家 人们 先生 女士 一名 一位 人员 负责 责人 委员 会议 主任 书记 主席 ` +
	`他说 她说 都有 也有 还有 会有 只有 所有 具有 的人 的是 是一 有一 了一 不能 不会 不要 出现 出来 起来 下来 上述 看到 得到 来自 知道 觉得 喜欢 发现 希望`

const (
	functionWeight = 0.05 // words and characters that hold sentences together
	lastChar       = 900  // the rank at which a character begins to tell as much as any
	tellingChar    = 0.35 // a character below says little beside another
	pairFloor      = 0.1  // what two characters weigh at least, however common each of them is
	emptyPair      = 0.5  // by which a pair with a character that says little is damped
	commonPair     = 0.45 // by which a common pair is damped
)

var (
	wordWeights = func() *table {
		t := newTable(2048)
		for _, tier := range tiers {
			for w := range strings.FieldsSeq(fold(tier.words)) {
				t.put(xxhash.Sum64String(w), tier.weight)
			}
		}
		return t
	}()
	charWeights = func() map[rune]float32 {
		t := make(map[rune]float32, 1024)
		n := uint32(0)
		for _, r := range chars {
			if _, listed := t[r]; !listed {
				n++
				t[r] = min(1, log2(n+1)/log2(lastChar))
			}
		}
		return t
	}()
	// hanWeights are those of the characters between these two, which are most of any Chinese text: a table is read in a fraction of a map's time.
	hanWeights = func() (t [lastHan - firstHan + 1]float32) {
		for i := range t {
			t[i] = 1
			if w, ok := charWeights[firstHan+rune(i)]; ok {
				t[i] = w
			}
		}
		return t
	}()
	commonPairs = func() *table {
		t := newTable(512)
		for w := range strings.FieldsSeq(charPairs) {
			a, n := utf8.DecodeRuneInString(w)
			b, _ := utf8.DecodeRuneInString(w[n:])
			t.put(pair(mix(uint64(a)), mix(uint64(b))), commonPair)
		}
		return t
	}()
)

// table holds weights by hash. It is read for every word of a text, which takes a fraction of a map's time: the hash is known, and the table is at most half full.
type table struct {
	slots []weighed
	left  int
}

type weighed struct {
	hash   uint64 // 0 where there is none
	weight float32
}

// newTable makes a table with room for n weights.
func newTable(n int) *table { return &table{make([]weighed, 1<<bits.Len(uint(2*n-1))), n} }

// put keeps the first weight of a hash.
func (t *table) put(hash uint64, weight float32) {
	slot := t.slot(hash)
	if slot.hash == hash {
		return
	}
	if t.left--; t.left < 0 {
		panic("encoder: more weights than the table has room for")
	}
	*slot = weighed{hash, weight}
}

// of returns the weight of a hash; 0 if it has none.
func (t *table) of(hash uint64) float32 { return t.slot(hash).weight }

// slot is the one of a hash, or the empty one that is for it.
func (t *table) slot(hash uint64) *weighed {
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.hash == hash || s.hash == 0 {
			return s
		}
	}
}

// log2 is the logarithm to base 2, exact at its powers and linear in between. It is made of sums and divisions alone, whose
// results are the same on every machine.
func log2(n uint32) float32 {
	k := bits.Len32(n) - 1
	return float32(k) + float32(n-1<<k)/float32(uint32(1)<<k)
}

// weightOfPair returns what unit b says right after unit a, one of which is a character.
func weightOfPair(a, b *unit, hash uint64) float32 {
	w := pairFloor + float32((1-pairFloor)*(a.weight+b.weight)/2)
	if a.weight <= tellingChar || b.weight <= tellingChar {
		w *= emptyPair
	}
	if damped := commonPairs.of(hash); damped != 0 {
		w *= damped
	}
	return w
}

// weightOfWord is that of a word of so many bytes.
func weightOfWord(hash uint64, size int) float32 {
	if w := wordWeights.of(hash); w != 0 {
		return w
	}
	if size <= 2 {
		return 0.6
	}
	return 1
}

// weightOfNumber: a figure tells as much as a rare word, but small ones and years stand everywhere.
func weightOfNumber(text []byte) float32 {
	switch {
	case len(text) == 1, len(text) == 4 && (string(text[:2]) == "19" || string(text[:2]) == "20"):
		return 0.8
	case len(text) == 2:
		return 0.9
	}
	return 1
}

const firstHan, lastHan = 0x4E00, 0x9FFF

func weightOfChar(r rune) float32 {
	if firstHan <= r && r <= lastHan {
		return hanWeights[r-firstHan]
	}
	if w, ok := charWeights[r]; ok {
		return w
	}
	if unicode.Is(unicode.Hiragana, r) {
		return 0.3 // they hold Japanese sentences together
	}
	return 1
}
