package statement_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/statement"
)

// A row tells a short story in paragraphs, one a line, and the statements in it, one a line: speaker | kind | text.
type row struct {
	name string
	in   string
	want string
}

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			a := akin.Article{ID: "a"}
			for line := range strings.Lines(strings.TrimSpace(tt.in)) {
				a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: strings.TrimSpace(line)})
			}
			a.Statements = statement.Split(a)
			if err := a.Validate(); err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, s := range a.Statements {
				fmt.Fprintf(&got, "%s | %s | %s\n", s.Speaker, s.Kind, s.Text)
			}
			var want strings.Builder
			for line := range strings.Lines(strings.TrimSpace(tt.want)) {
				want.WriteString(strings.TrimLeft(line, "\t"))
			}
			if diff := cmp.Diff(strings.TrimSpace(want.String()), strings.TrimSpace(got.String())); diff != "" {
				t.Errorf("in:\n%s\n(-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestChinese(t *testing.T) {
	check(t, []row{
		{
			"a run belongs to its speaker to the end of the paragraph, and not beyond",
			`市长林远山表示，大桥明年通车。工程进展顺利。资金已经到位。
			两市还签署了协议。`,
			`林远山 | indirect | 大桥明年通车。
			林远山 | indirect | 工程进展顺利。
			林远山 | indirect | 资金已经到位。`,
		},
		{
			"another speaker ends a run",
			`市长林远山表示，大桥明年通车。局长周启明指出，安全第一。质量也不能放松。`,
			`林远山 | indirect | 大桥明年通车。
			周启明 | indirect | 安全第一。
			周启明 | indirect | 质量也不能放松。`,
		},
		{
			"the narrator ends a run by naming the speaker in full",
			`市长林远山表示，大桥明年通车。林远山还参观了工地。工人们正在焊接钢梁。`,
			`林远山 | indirect | 大桥明年通车。`,
		},
		{
			"the narrator ends a run by telling what came after it",
			`市长林远山表示，大桥明年通车。会后，与会者参观了工地。`,
			`林远山 | indirect | 大桥明年通车。`,
		},
		{
			"a speaker who says \"we\" and \"both sides\" is still the same",
			`部长林远山表示，谈判很顺利。我们认为，条件已经成熟。双方希望，年内能够签字。`,
			`林远山 | indirect | 谈判很顺利。
			林远山 | indirect | 我们认为，条件已经成熟。
			林远山 | indirect | 双方希望，年内能够签字。`,
		},
		{
			"a colon and a quotation: the words inside the marks, a sentence each",
			`市长林远山说：“桥是大家的。谁也不能收钱。”说完他走了。`,
			`林远山 | direct | 桥是大家的。
			林远山 | direct | 谁也不能收钱。`,
		},
		{
			"a quotation before its speaker",
			`“桥是大家的。”市长林远山说。`,
			`林远山 | direct | 桥是大家的。`,
		},
		{
			"a quotation on both sides of its speaker",
			`“桥是大家的，”市长林远山告诉记者，“谁也不能收钱。”`,
			`林远山 | direct | 桥是大家的，
			林远山 | direct | 谁也不能收钱。`,
		},
		{
			"a quotation inside a quotation keeps the outer speaker",
			`市长林远山说：“老人对我讲：‘桥通了，我就上岸。’这话我记着。”`,
			`林远山 | direct | 老人对我讲：‘桥通了，我就上岸。’
			林远山 | direct | 这话我记着。`,
		},
		{
			"corner brackets are quotation marks",
			`市长林远山说：「桥是大家的。」`,
			`林远山 | direct | 桥是大家的。`,
		},
		{
			"a quotation over two paragraphs opens twice and closes once",
			`市长林远山说：“桥是大家的。
			“谁也不能收钱。”
			工人们鼓起掌来。`,
			`林远山 | direct | 桥是大家的。
			林远山 | direct | 谁也不能收钱。`,
		},
		{
			"a colon at the end of a paragraph announces the next",
			`市长林远山这样回忆那一天：
			“桥就这样断了。”`,
			`林远山 | direct | 桥就这样断了。`,
		},
		{
			"a word in quotation marks is no quotation",
			`市长林远山表示，“断头路”要打通。“断头路”有三条。`,
			`林远山 | indirect | “断头路”要打通。
			林远山 | indirect | “断头路”有三条。`,
		},
		{
			"when, where and how stand between the name and the cue",
			`市长林远山19日上午在通车仪式上高兴地说，桥通了。`,
			`林远山 | indirect | 桥通了。`,
		},
		{
			"a place of work and an office stand before the name",
			`临河市水务局副局长周启明介绍，水位正在下降。`,
			`周启明 | indirect | 水位正在下降。`,
		},
		{
			"two offices joined by a mark are one person",
			`市政府党组成员、副市长周启明介绍，水位正在下降。`,
			`周启明 | indirect | 水位正在下降。`,
		},
		{
			"two persons speak as one",
			`市长林远山和局长周启明一致认为，桥要早修。`,
			`林远山、周启明 | indirect | 桥要早修。`,
		},
		{
			"a person spoken with is no speaker",
			`市长林远山同局长周启明会谈时表示，桥要早修。`,
			`林远山 | indirect | 桥要早修。`,
		},
		{
			"a surname with an office is the one person of that surname",
			`市长林远山来到工地。林市长说，桥要早修。`,
			`林远山 | indirect | 桥要早修。`,
		},
		{
			"a surname that two people share names neither",
			`市长林远山和教授林若水来到工地。林老师说，桥要早修。`,
			` | indirect | 桥要早修。`,
		},
		{
			"a part of a foreign name is the whole name",
			`部长奥列格·瓦尔金抵达临河。瓦尔金说，港口要扩建。`,
			`奥列格·瓦尔金 | indirect | 港口要扩建。`,
		},
		{
			"a character that is also a preposition does not cut a foreign name",
			`总统索拉以诺表示，港口要扩建。`,
			`索拉以诺 | indirect | 港口要扩建。`,
		},
		{
			"he is the one person named so far",
			`市长林远山来到工地。他说，桥要早修。`,
			`林远山 | indirect | 桥要早修。`,
		},
		{
			"he is nobody certain when two were named",
			`市长林远山在工地遇见局长周启明。他说，桥要早修。`,
			` | indirect | 桥要早修。`,
		},
		{
			"according to somebody",
			`据教授周启明介绍，水位正在下降。`,
			`周启明 | indirect | 水位正在下降。`,
		},
		{
			"a body speaks for itself",
			`临河市水务局19日称，水位正在下降。`,
			`临河市水务局 | indirect | 水位正在下降。`,
		},
		{
			"somebody unnamed, and a spokesman without a name, are not invented",
			`一位不愿透露姓名的官员说，水位正在下降。公司发言人表示，损失不大。`,
			` | indirect | 水位正在下降。
			 | indirect | 损失不大。`,
		},
		{
			"the subject of an earlier clause speaks",
			`部长林远山祝贺大桥通车，表示愿继续支持两岸往来。林远山当天离开临河。`,
			`林远山 | indirect | 愿继续支持两岸往来。`,
		},
		{
			"acts of courtesy are no statements",
			`市长林远山向工人表示感谢，并对新桥通车表示祝贺。林远山对来客表示热烈欢迎。`,
			``,
		},
		{
			"words that only contain a cue",
			`据说桥下有龙。这说明传说还在。老桥被称为“脊梁”，名称来自一部小说。换句话说，人人认得它。`,
			``,
		},
		{
			"what somebody does not say is no statement",
			`市长林远山没有说明原因，也拒绝透露数字。`,
			``,
		},
		{
			"what speeches are about is no statement",
			`按照市长林远山要求，各地清查桥梁。代表提出三点建议，会议采纳了两点。`,
			``,
		},
		{
			"narration is no statement",
			`两市还就水运问题深入交换了意见。会谈后，林远山在周启明见证下接受了奖章。`,
			``,
		},
	})
}

func TestEnglish(t *testing.T) {
	check(t, []row{
		{
			"a name behind the words",
			`“The bridge is safe,” said Ruth Calder, the mayor of Varn.`,
			`Ruth Calder | direct | The bridge is safe,`,
		},
		{
			"a name before the cue, behind the words",
			`"The bridge is safe," Mayor Ruth Calder said on Monday.`,
			`Ruth Calder | direct | The bridge is safe,`,
		},
		{
			"words on both sides of the name, and a sentence more",
			`“The bridge,” said Ruth Calder, “is safe.” “It was never shut.”`,
			`Ruth Calder | direct | The bridge,
			Ruth Calder | direct | is safe.
			Ruth Calder | direct | It was never shut.`,
		},
		{
			"a name before the words",
			`Ruth Calder told reporters on Friday: “The bridge is safe. It was never shut.”`,
			`Ruth Calder | direct | The bridge is safe.
			Ruth Calder | direct | It was never shut.`,
		},
		{
			"a clause with that",
			`Mayor Ruth Calder said in a letter that the bridge was safe.`,
			`Ruth Calder | indirect | the bridge was safe.`,
		},
		{
			"a clause without that",
			`Ruth Calder said the bridge was safe.`,
			`Ruth Calder | indirect | the bridge was safe.`,
		},
		{
			"according to, before and behind",
			`According to Ruth Calder, the mayor, the bridge is safe. It will stay open, according to Tom Beck.`,
			`Ruth Calder | indirect | the bridge is safe.
			Tom Beck | indirect | It will stay open`,
		},
		{
			"a title and a surname are the full name",
			`Mayor Ruth Calder opened the bridge. Ms. Calder said that it was safe. Calder added that it was dry.`,
			`Ruth Calder | indirect | it was safe.
			Ruth Calder | indirect | it was dry.`,
		},
		{
			"a surname that two people share names neither",
			`Ruth Calder met John Calder at the bridge. “It is safe,” Calder said.`,
			` | direct | It is safe,`,
		},
		{
			"a name between commas",
			`The mayor, Ruth Calder, said that the bridge was safe. Tom Beck, who built it, said that it was dry.`,
			`Ruth Calder | indirect | the bridge was safe.
			Tom Beck | indirect | it was dry.`,
		},
		{
			"the last name of an apposition is not the speaker",
			`Tom Beck, a friend of Ruth Calder, said that the bridge was safe.`,
			`Tom Beck | indirect | the bridge was safe.`,
		},
		{
			"she is the one woman named so far",
			`Mr. Tom Beck met Mrs. Ruth Calder at the bridge. “It is safe,” she said.`,
			`Ruth Calder | direct | It is safe,`,
		},
		{
			"he is nobody certain when two were named",
			`Mayor Tom Beck met Judge Odo Lisk at the bridge. “It is safe,” he said.`,
			` | direct | It is safe,`,
		},
		{
			"a quotation over two paragraphs",
			`“The bridge is safe,” said Ruth Calder. “I have crossed it.
			“I will cross it again.”`,
			`Ruth Calder | direct | The bridge is safe,
			Ruth Calder | direct | I have crossed it.
			Ruth Calder | direct | I will cross it again.`,
		},
		{
			"an abbreviation ends no sentence",
			`“Mr. Beck of St. Varn Ltd. has paid 3.5 million,” said Dr. Ruth Calder. “We thank him.”`,
			`Ruth Calder | direct | Mr. Beck of St. Varn Ltd. has paid 3.5 million,
			Ruth Calder | direct | We thank him.`,
		},
		{
			"officials without a name are not invented",
			`Two officials said that the bridge was safe. A spokesman for the council said it was dry.`,
			` | indirect | the bridge was safe.
			 | indirect | it was dry.`,
		},
		{
			"what hangs on the sentence is its subject's",
			`Mayor Ruth Calder opened the bridge, saying that it was safe and dry.`,
			`Ruth Calder | indirect | it was safe and dry.`,
		},
		{
			"marks doubled from single ones",
			`''The bridge is safe,'' said Ruth Calder.`,
			`Ruth Calder | direct | The bridge is safe,`,
		},
		{
			"words that only look like speech",
			`That said, the so-called blue bridge is safe. It goes without saying that nobody looked. He is said to be rich. Ruth Calder did not say when.`,
			``,
		},
	})
}

func TestConfidence(t *testing.T) {
	a := akin.Article{Paragraphs: []akin.Paragraph{
		{Text: "市长林远山表示，大桥明年通车。工程进展顺利。"},
		{Text: "他说，资金已经到位。"},
		{Text: "有官员说，损失不大。"},
	}}
	var got []float64
	for _, s := range statement.Split(a) {
		got = append(got, s.Confidence)
	}
	for i := 1; i < len(got); i++ {
		if got[i] >= got[i-1] {
			t.Errorf("confidences %v: want a name, a later sentence, a pronoun, somebody unnamed, each below the one before", got)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d statements, want 4", len(got))
	}
}

func TestOtherLanguagesHaveNoStatements(t *testing.T) {
	for _, text := range []string{"市長は「橋は安全だ」と述べた。", "Die Bürgermeisterin sagte: „Die Brücke ist sicher.“", "Мэр сказал: «Мост безопасен»."} {
		if got := statement.Split(akin.Article{Paragraphs: []akin.Paragraph{{Text: text}}, Language: map[bool]string{true: "ja"}[strings.Contains(text, "は")]}); len(got) != 0 {
			t.Errorf("Split(%q) = %v, want nothing", text, got)
		}
	}
}
