package family

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the lists
	"fmt"
	"io"
	"strings"
	"sync"
)

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
var single = set(strings.Split("的地得了着过在和与及或将会已也都就又还很更最不没未是有为被把对向从到于以而但则因由这那其之所等个们我你他她它"+
	"该此各每某本并且即却仍再曾正刚才只可能应须要想让使令叫给替比跟同当自至经按据凭靠除凡若如虽既非无多少大小新旧好坏高低长短快慢早晚前后上下里外中内间"+
	"说称讲道问答看听见做作干办开关来去走入出进起用拿带送收买卖建造修改定变增减升降超达占获受种类项次名位人些点者家员部事物处年月日时天号吗呢吧啊"+
	"头第仅任便像较先常另共均成总连距约近原现亦皆竟嘛呀啦党国省市县区乡村厂店校院馆局厅科室司委团队班组层座栋辆台架艘件份张支条根颗粒块片场届期批遍趟回句段篇册幅封笔倍元吨斤米克亩请派找死住放送写读", "")...)

// The last two characters of what somebody is called before the name, and words of saying that stand behind it.
var (
	offices = set(strings.Fields(`市长 县长 省长 区长 镇长 乡长 村长 州长 部长 局长 处长 科长 厅长 司长 署长 院长 校长 所长 馆长 站长 队长 社长 会长 事长 书长 主任 主席 书记 总理 总统 首相
		经理 总裁 言人 教授 记者 医生 专家 究员 程师 老师 代表 委员 责人 居民 村民 农民`)...)
	saying = set(strings.Fields(`说 称 表示 介绍 指出 强调 认为 告诉 透露 宣布 坦言 解释 回应`)...)
)

// longestName is that of a Chinese full name, in characters.
const longestName = 4

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
