package statement

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/akinserver/akin/embed/name"
)

// Words that stand before or behind a person's name and say what he or she is. The last characters of most are
// enough: any word on 长 or 员 is an office.
var titles = strings.Fields(`
	总统 主席 总书记 书记 总理 首相 大臣 部长 外长 防长 财长 省长 市长 县长 区长 镇长 乡长 村长 州长 局长 处长 科长 厅长 司长 署长 院长 校长 所长
	主任 会长 理事长 秘书长 委员长 委员 常委 理事 议长 议员 代表 大使 公使 参赞 领事 发言人 负责人 董事长 董事 经理 总裁 总监 首席执行官 主管 厂长
	总指挥 指挥 队长 组长 站长 馆长 团长 军长 师长 船长 机长 司令 司令员 政委 将军 上将 中将 少将 上校 中校 少校 国王 王后 王储 亲王 公主 女王 教皇 主教
	教授 讲师 研究员 院士 博士 博导 学者 专家 工程师 技术员 设计师 建筑师 律师 法官 检察官 警官 民警 交警 警察 消防员 医生 医师 护士 药师 教师 老师 师傅
	学生 同学 研究生 编辑 主编 作家 诗人 画家 歌手 演员 导演 球员 棋手 教练 运动员 选手 裁判 冠军 名将 大师 老将 小将 少女 少年 男孩 女孩
	工人 农民 渔民 茶农 果农 菜农 牧民 居民 村民 市民 灾民 村支书 支书 店主 老板 店员 司机 乘客 旅客 游客 船工 矿工 保洁员 业主 家长 母亲 父亲 妻子 丈夫
	儿子 女儿 老人 大爷 大妈 大叔 大姐 大娘 奶奶 爷爷 阿姨 叔叔 先生 女士 小姐 同志 志愿者 目击者 当事人 受害者 幸存者 创始人 合伙人 分析师 顾问 助理 秘书
	干事 干部 职工 值班员 船老大 领队 队员 成员 候选人 领导人 领袖 首领 召集人 代言人 经纪人 承包人 主理人 守门人 船员 行长 主持人 翻译 传承人 得主 获得者 外相 防相 财相 国务卿 检察长 参谋长 幕僚长 国家元首 大主教 大法官 大将 宰相 患者 病人 消费者 研究者 组织者 亲历者 讲述者 劳动者 经营者 创业者 获奖者 负责同志 总设计师 首席 中介 站长 队医 摄影师 主播 歌唱家 参议员 众议员 酋长 总督 特使
	监事 主帅 前锋 后卫 门将 中场 社长 总编 台长 站务员 记者 通讯员 作者 摊主 房东 租户 住户 护工 保安 厨师 裁缝 木匠 铁匠 石匠 船东 船主 老兵 战士 士兵 大夫 父母 考生 新生 毕业生 讲解员 策展人`)

// honorifics are titles that stand behind a name and never behind a place.
var honorifics = set(strings.Fields(`先生 女士 小姐 同志 委员 代表 教授 博士 老师 院士 律师 医生 大夫 师傅 大爷 大妈 大叔 大姐 阿姨 奶奶 爷爷`))

// generic are words for speakers whom a report does not name: people, papers, meetings.
var generic = strings.Fields(`
	会议 大会 全会 座谈会 论坛 报告 声明 公报 文章 通知 通报 公告 决议 决定 意见 方案 文件 规定 消息 报道 信中 贺信 贺电 社论 评论 时评 白皮书 蓝皮书 宣言 倡议书 公开信 数据 统计 调查 研究 结果 预报 条例 办法
	专家 学者 官员 媒体 人士 嘉宾 与会者 代表们 委员们 记者 网友 读者 舆论 观察家 分析人士 知情人 目击者 当地人 受访者 专家们 消息人士 部门 方面 武装组织 各方 双方 中方 俄方 美方 外方 我方 对方 三方 四方 校方 警方 军方 官方 院方 馆方 厂方 资方 劳方 控方 辩方 两国元首 两国领导人 大家 人们 有人 很多人 不少人
	一些人 他们 她们 它们 我们 咱们 你们 群众 村民们 居民们 家长们 学生们 负责人 发言人 工作人员 领导 领导人`)

// bodies are the ends of names of bodies that speak for themselves.
var bodies = strings.Fields(`
	部 局 委 委员会 办公室 国务院 白宫 议会 国会 法院 检察院 政府 公司 集团 银行 协会 学会 联合会 基金会 组织 机构 大学 学院 医院 研究所 派出所 交易所 事务所 研究院 中心 联盟 联合国 使馆 大使馆 领事馆 气象台 管理局 指挥部 司令部 总部 军方 警方 工会 商会 理事会 常委会 执委会 安理会 总署 署 厅 办 协 联 社 党 旅 队 馆 站 厂 站 团 校 党组 国防军 总统府 武装 革命卫队 抵抗运动 欧盟 非盟 北约 世卫 国际货币基金组织 世界银行`)

// countries speak too, but in the way of bodies.
var countries = set(strings.Fields(`
	中国 美国 俄罗斯 英国 法国 德国 日本 韩国 朝鲜 印度 伊朗 伊拉克 以色列 土耳其 叙利亚 埃及 沙特 巴西 古巴 越南 老挝 泰国 缅甸 菲律宾 马来西亚 新加坡 巴基斯坦 阿富汗 乌克兰 波兰 意大利 西班牙 希腊 瑞士 瑞典 挪威 芬兰 丹麦 荷兰 比利时 加拿大 墨西哥 尼加拉瓜 洪都拉斯 危地马拉 萨尔瓦多 哥伦比亚 委内瑞拉 玻利维亚 厄瓜多尔 秘鲁 智利 乌拉圭 巴拉圭 巴拿马 哥斯达黎加 沙特阿拉伯 阿联酋 阿曼 巴林 塞浦路斯 保加利亚 罗马尼亚 克罗地亚 斯洛文尼亚 斯洛伐克 捷克 爱尔兰 冰岛 葡萄牙 白俄罗斯 摩尔多瓦 格鲁吉亚 亚美尼亚 阿塞拜疆 塔吉克斯坦 吉尔吉斯斯坦 土库曼斯坦 斯里兰卡 孟加拉国 马尔代夫 不丹 柬埔寨 印度尼西亚 印尼 文莱 东帝汶 加纳 肯尼亚 坦桑尼亚 乌干达 卢旺达 赞比亚 津巴布韦 安哥拉 莫桑比克 纳米比亚 博茨瓦纳 尼日利亚 尼日尔 马里 乍得 摩洛哥 突尼斯 阿尔及利亚 索马里 厄立特里亚 喀麦隆 加蓬 几内亚 塞内加尔 多哥 贝宁 斐济 汤加 瓦努阿图 阿根廷 智利 澳大利亚 新西兰 南非 埃塞俄比亚 肯尼亚 苏丹 利比亚 也门 黎巴嫩 约旦 卡塔尔 科威特 蒙古 哈萨克斯坦 乌兹别克斯坦 塞尔维亚 匈牙利 奥地利 巴勒斯坦 尼泊尔 欧洲 亚洲 非洲 拉美`))

// notPeople have the shape of a Chinese name and are none.
var notPeople = set(strings.Fields(`
	贺词 谈话 谈判 高度 全球 全国 明确 商户 官兵 卫队 童工 秦腔 党性 成渝 文物 殷切 符合 关切 农民 农业 白皮 简牍 高官 特别 热烈 考察 里海 强调 武装 方面 边境 连霍 昌九 京哈 党的 党内 明州 林老 向他 向她 关于 应当 毕业 商业 江南 江北 房地
	康巴 安全 安理会 马术 古代 平和 华语 成员 包机 华侨 祖国 高铁 高温 高原 高考 高中 车企 车辆 钱币 金牌 银行 金属 金额 乐园 花卉 水库 水稻 石材 石化 温室 温泉 龙头 龙舟 牛羊 麦田 游轮 路段 路面 时长 时速 巩固 强化 强国 强军
	方面 方案 文章 文件 文中 全会 高层 高校 高管 白宫 时评 官方 单位 公司 江苏 江西 安徽 温州 黄山 金融界 公告 公报 通报 通知 简报 简介 党中央 党委 党组 方舱 施工方 时间 时候 向来 尚未 明年 明天 幸好 
	常常 常务 马上 毛病 万一 万分 牛肉 游客 游人 安保 安全 包括 包装 成都 成员 武汉 武器 石头 石油 华为 华人 花园 金额 雷达 水利 解释 解放军 和平 路透社 路人 景区 景点 池塘 支持 强者 强调 古人 单车 管理 管理层 盛大 曲目
	康复 康养 凌晨 封面 海报 海外 海关 司法 司机 查处 平均 平台 房东 温度 钟声 乐队 车站 车队 经验 经济 计划 项目 项目部 权威 国防 国家 应急 应该 党报 法新社 法院 法官 相关 相信 严重 简单 顾客 高兴 孔子 老子 孟子 孙子 庄子 韩媒 韩方 
	陈述 陈列 安置 安排 习惯 习俗 易于 易发 童年 童话 白天 白酒 祝愿 祝福 祝贺 樊篱 任务 任何 余下 余款 丁香 齐声 宁可 冷静 冷空气 牛市 祖父 祖母 祖辈 左右 左边 于是 何况 何时 向导 家人 洪水 雨水 明确 景象 强烈 强大 代表 代理 代理人 
	郑重 保障 表示 共同 强烈 金融 文化 安徽 阳光 古城 古镇 时代 时任 时隔 时下 党中央 石家庄 马鞍山 连云港 张家口 张家港 张家界 平顶山 保加利 马里 越方 越共 柬方 朝方 蒙方 俄方 哈方 巴方 古方 法方 德方 英方 日方 韩国 欧方 印方 泰方 缅方 伊方 以方 土方 沙方 阿方 埃方 塞方 乌方 波方`))

func set(words []string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// endsGeneric reports whether words end in one for somebody whom a report does not name.
func endsGeneric(words string) bool {
	r, _ := utf8.DecodeLastRuneInString(words)
	return slices.ContainsFunc(genericEnding[r], func(g string) bool { return strings.HasSuffix(words, g) })
}

// genericEnding are the generic words by their last character.
var genericEnding = byLast(generic)

// ministry reports whether words are one of the ministries whose names hold 和.
func ministry(words string) bool {
	for _, m := range []string{"文化和旅游部", "工业和信息化部", "人力资源和社会保障部", "住房和城乡建设部", "国家发展和改革委员会"} {
		if words == m {
			return true
		}
	}
	return false
}

// places are towns and provinces, which announce things as bodies do.
var places = regexp.MustCompile(`^[^的了着过是在把被将和与及或一这那该各每某几两有其本此全我省市县]{2,5}[省市县]$`)

// offices are titles that one person holds at a time, so that one bare of a name can mean only that person.
var offices = set(strings.Fields(`总书记 总统 首相 总理 市长 县长 省长 校长 院长 部长 局长 馆长 厂长 队长 委员长 国王 秘书长 理事长 董事长 总经理 省委书记 市委书记 县委书记`))

func isBody(words string) bool {
	n := utf8.RuneCountInString(words)
	if n < 2 || n > 16 || !endsBody(words) || strings.HasSuffix(words, "部署") || notBody.has(firstRune(words)) || doing.MatchString(words) || strings.ContainsFunc(words, func(r rune) bool {
		return !unicode.Is(unicode.Han, r) && !name.IsDot(r) && r != '-' || notInBody.has(r)
	}) {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(words)
	for _, b := range bodiesEnding[last] {
		if strings.HasSuffix(words, b) {
			return len(words) > len(b) && (utf8.RuneCountInString(b) > 1 || n > 3) || ownNames[b]
		}
	}
	return false
}

// endsBody reports whether words end like the name of a body.
func endsBody(words string) bool {
	r, _ := utf8.DecodeLastRuneInString(words)
	return slices.ContainsFunc(bodiesEnding[r], func(b string) bool { return strings.HasSuffix(words, b) })
}

// bodiesEnding are the ends of names of bodies by their last character.
var bodiesEnding = byLast(bodies)

// notInBody are characters that no name of a body holds.
var notInBody = runesOf("的了着过是在把被将和与及或一这那该各每某几两有其本此如称说向据对击袭责吁至从由受遭获近日月年多")

// notBody are characters that no body's name begins with, and clauses about one do.
var notBody = runesOf("要鉴取违深目可讲为须需请让使按照围坚推进还又就并且因但")

// doing is what a body's name does not hold, and a clause about it does.
var doing = regexp.MustCompile(`听取|会见|访问|主持|参加|考察|召开|举行|发布|宣布|打击|空袭|指责|批评|呼吁|援引|邀请|前往`)

// ownNames are the bodies whose whole name is in the list of endings.
var ownNames = set(strings.Fields(`非盟 国务院 白宫 欧盟 北约 世卫 联合国 安理会 国际货币基金组织 世界银行`))

// isOffice reports whether s ends in one of the titles listed.
func isOffice(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return slices.ContainsFunc(titlesEnding[r], func(t string) bool { return strings.HasSuffix(s, t) })
}

// longWords are the characters before which 长 is no office: 长江, 长城.
var longWords = runesOf("江城春沙期远效久达征安治乐汀兴假辈")

// functionWordsHan are characters of grammar, which no name has.
const functionWordsHan = "的了着过是在与及或等这那其将被把"

func isForeign(s string) bool { return name.IsForeign(s) && !notPeople[s] && !beginsCountry(s) }

// beginsCountry reports whether s is the beginning of a country's name: 黎巴.
func beginsCountry(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	for _, c := range countriesByFirst[r] {
		if len(c) > len(s) && strings.HasPrefix(c, s) {
			return true
		}
	}
	return false
}

var countriesByFirst = byFirst(slices.Collect(maps.Keys(countries)))

// badEnd reports whether a word with the shape of a name ends like the name of a thing or a body.
func badEnd(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return strings.ContainsRune("会部局院方者员家人们报网社台组团队司署厅办委处所校国省市县区村镇乡军警媒界层派党店厂馆站行件章年月日时后前中上下里内外的了着过是在和与等地", r)
}

// endsTitle reports whether s ends in a title.
func endsTitle(s string) bool {
	r, size := utf8.DecodeLastRuneInString(s)
	if r >= 1<<16 || !titleEnd[r] {
		return false
	}
	for _, t := range titlesEnding[r] {
		if strings.HasSuffix(s, t) {
			return true
		}
	}
	before, _ := utf8.DecodeLastRuneInString(s[:len(s)-size])
	switch r {
	case '长':
		return !strings.ContainsRune("增成生延特擅漫伸身周全总专很更", before) && before != utf8.RuneError
	case '家':
		return strings.ContainsRune("学作画术动业史评明科乐蹈策思论治交军险洋藏影曲", before)
	case '人':
		return strings.ContainsRune("塔渡蜂羊林艺办营理护守养船", before) // 守塔人
	case '员', '师', '官', '匠':
		return before != utf8.RuneError && !strings.ContainsRune("人动全成", before)
	}
	return false
}

// titlesEnding are the titles by their last character, and titleEnd says of a character whether there are any: nearly
// all questions about titles are answered by it (BenchmarkSplit).
var titlesEnding, titleEnd = func() (map[rune][]string, *[1 << 16]bool) {
	by, any := byLast(titles), &[1 << 16]bool{}
	for r := range by {
		any[r] = true
	}
	for _, r := range "长家员师官匠人" {
		any[r] = true
	}
	return by, any
}()
