// Package name tells what can be a person's name in Chinese text, and takes lists of names apart.
// A Chinese name is a surname of a closed list and one or two characters more; a foreign name is spelt with
// some three hundred characters that transliteration uses, its parts joined by a dot: 奥列格·瓦尔金.
package name

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// surnames are the single-character surnames of all but one in some hundred people. Left out are those that open
// common words far more often than names.
const surnames = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈" +
	"姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温" +
	"康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍" +
	"涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党" +
	"宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥" +
	"班栗习丘强衡篪揭阎洪储幸么揣佴亓呼延鄢仝粟冼羊阚晋屠鹿昌保奚贝郗庾暨溥邰鄂蔺莘贡逄扶濮扈燕郏浦宦茹慎戈晁訾巢蒯盘盖逯邸"

var compoundSurnames = []string{
	"欧阳", "上官", "司马", "诸葛", "司徒", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯", "轩辕", "长孙", "宇文", "端木", "南宫", "独孤", "西门", "闻人",
}

const commonSurnames = "高江王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范石廖贾夏韦付傅邹孟熊秦邱尹薛闫段侯陶黎贺顾郝龚邵钱严覃戴莫孔汤" +
	"康施牛樊葛邢易庞颜倪庄聂章鲁岳翟殷詹申耿焦俞柳甘祝纪梅阮童凌毕裴霍翁骆辛靳柴蒙喻祁蒲屈饶牟缪褚娄窦戚岑费卜晏柏瞿佟臧"

// transliteration holds the characters that foreign names are spelt with.
const transliteration = "阿埃艾爱安昂奥澳巴白拜班邦包保鲍贝本比彼毕别宾波伯勃博卜布采蔡策查察昌楚茨慈此达大代戴丹当道德登邓狄迪蒂第蓓丁东杜敦顿多娥厄恩尔" +
	"法凡范方菲费芬丰冯佛弗福傅富盖甘冈高戈哥歌格葛根耿贡古顾瓜关圭郭果哈海罕汉杭豪赫黑亨洪侯胡华怀惠霍基吉季济加佳迦贾简江杰捷金津京久居喀卡开凯坎康考" +
	"柯科可克肯孔库夸奎坤扩拉腊莱来赖兰郎朗劳勒雷蕾黎里理丽莉利历立连廉良列烈林琳灵留刘流柳龙隆娄卢鲁路露吕律伦罗洛马玛迈麦曼芒毛茅梅" +
	"门蒙孟米密缅敏明缪摩莫墨默姆木穆拿纳娜乃奈南楠瑙内嫩能尼妮年涅宁牛纽农努女诺欧帕派潘庞培佩彭蓬皮匹平珀普奇齐其契恰强乔切钦琴青丘邱" +
	"屈曲让饶热仁日荣茹儒瑞若撒萨塞赛三桑瑟森沙莎珊山善尚绍舍申深盛圣胜施什石史士舒朔斯思丝松苏素索所塔台泰坦汤唐陶忒特腾滕提惕" +
	"田铁廷汀通图土托脱娃瓦万汪旺威韦维伟魏温文翁沃乌吴武西希悉席锡喜夏先香向肖谢辛欣兴匈休秀许雅亚彦延扬杨耶叶伊依易意因英尤尔于元约越泽赞扎" +
	"以夫娅耐彻帖渥杉甫朴涛霖辛诗" +
	"詹张章珍芝治仲朱准兹子宗祖佐丹亥伽玫薇黛莲卓倩芙瓊琼珂碧莹柏钱丛坡雨谟珠潭庆宜茵汉"

var (
	surname      = set(surnames)
	common       = set(commonSurnames)
	foreign      = set(transliteration)
	roleWord     = regexp.MustCompile(`\p{Han}*?(?:记者|通讯员|实习生|评论员|撰稿人|作者)[：:]?`)
	work         = regexp.MustCompile(`(?:摄影报道|图片报道|摄影|报道|整理|供图|摄|文/图|图/文)$`)
	latinBetween = regexp.MustCompile(`[\s\p{Z}]*(?:[,;/&]|\band\b)[\s\p{Z}]*`)
	between      = regexp.MustCompile(`[\s\p{Z}]*(?:[、，,;；/／&\s\p{Z}]|\band\b)[\s\p{Z}]*`)
)

// runes is a set of characters of the basic plane, asked for every character of a text.
type runes [1 << 16 / 64]uint64

func (s *runes) has(r rune) bool { return r >= 0 && r < 1<<16 && s[r/64]&(1<<(r%64)) != 0 }

func set(s string) *runes {
	var m runes
	for _, r := range s {
		m[r/64] |= 1 << (r % 64)
	}
	return &m
}

// Surname returns the Chinese surname that s begins with, or "".
func Surname(s string) string {
	for _, c := range compoundSurnames {
		if strings.HasPrefix(s, c) {
			return c
		}
	}
	if r, n := utf8.DecodeRuneInString(s); surname.has(r) {
		return s[:n]
	}
	return ""
}

// IsCommonSurname reports whether s begins with one of the hundred commonest surnames that open few other words, or
// with one of two characters: then less is needed to take a word for a name.
func IsCommonSurname(s string) bool {
	family := Surname(s)
	r, n := utf8.DecodeRuneInString(family)
	return common.has(r) || len(family) > n && n > 0
}

// IsChinese reports whether s has the shape of a Chinese full name: a surname and one or two characters more.
// Many words have that shape too, so a caller wants a second sign: a title before it, or the name again elsewhere.
func IsChinese(s string) bool {
	family := Surname(s)
	if family == "" || !allHan(s) {
		return false
	}
	given := utf8.RuneCountInString(s[len(family):])
	return given == 1 || given == 2
}

// IsForeign reports whether s has the shape of a transliterated name: two or more characters of transliteration, or
// parts joined by dots with at most two characters that are not.
func IsForeign(s string) bool {
	n, dotted, others := 0, false, 0
	for _, r := range s {
		switch {
		case IsDot(r):
			if n == 0 {
				return false
			}
			dotted = true
		case strings.ContainsRune("一天日月年同的", r):
			return false
		case unicode.Is(unicode.Han, r):
			if !foreign.has(r) {
				others++
			}
		case r == '-' || 'A' <= r && r <= 'Z' || r == '.':
		default:
			return false
		}
		n++
	}
	last, _ := utf8.DecodeLastRuneInString(s)
	return n >= 2 && n <= 24 && !IsDot(last) && (others == 0 || dotted && others <= 2)
}

// IsDot reports whether r is a mark that joins the parts of a transliterated name.
func IsDot(r rune) bool { return r == '·' || r == '•' || r == '・' || r == '‧' || r == '．' }

// List takes apart a list of names as a byline prints it: "记者张三、李四 通讯员王五", "Ruth Adler and Tom Beck".
// Words for what the people are or did are dropped. A byline says by its place that these are names, so unusual ones
// are taken too; but when one of them cannot be a name by its length or its characters, List returns nil.
func List(s string) []string {
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return latinList(s)
	}
	parts := between.Split(roleWord.ReplaceAllString(s, "、"), -1)
	var names []string
	for i := 0; i < len(parts); i++ {
		part := parts[i]
		// A name of two characters is often spaced out to the width of three.
		if utf8.RuneCountInString(part) == 1 && i+1 < len(parts) && utf8.RuneCountInString(parts[i+1]) == 1 {
			part += parts[i+1]
			i++
		}
		if part = work.ReplaceAllString(part, ""); part == "" {
			continue
		}
		if a, b, ok := strings.Cut(part, "和"); ok && plausible(a) && plausible(b) && !IsChinese(part) {
			names = append(names, a, b)
			continue
		}
		if !plausible(part) {
			return nil
		}
		names = append(names, part)
	}
	return names
}

// plausible reports whether s can be a name where a name is expected.
func plausible(s string) bool {
	n := utf8.RuneCountInString(s)
	return n >= 2 && (allHan(s) && n <= 8 || IsForeign(s))
}

func latinList(s string) []string {
	var names []string
	for _, part := range latinBetween.Split(s, -1) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		words := strings.Fields(part)
		if len(words) > 5 {
			return nil
		}
		for _, word := range words {
			if r, _ := utf8.DecodeRuneInString(word); !unicode.IsUpper(r) && !particles[word] {
				return nil
			}
		}
		names = append(names, strings.Join(words, " "))
	}
	return names
}

// particles are the words within a name that are not capitalised.
var particles = map[string]bool{"de": true, "van": true, "von": true, "der": true, "den": true, "da": true, "di": true, "la": true, "le": true, "bin": true, "al": true, "el": true}

func allHan(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.Is(unicode.Han, r) })
}

// IsTransliteration reports whether foreign names are spelt with r.
func IsTransliteration(r rune) bool { return foreign.has(r) }
