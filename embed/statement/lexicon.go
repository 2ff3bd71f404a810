package statement

import (
	"strings"
)

// A class says what an English word can do in a sentence; a word can have several.
type class uint32

const (
	article      class = 1 << iota // the, a, two, some, his: begins a noun phrase
	preposition                    //
	conjunction                    // begins a clause
	auxiliary                      // stands between a subject and its verb: has, also, later
	negative                       // and what else before a verb takes away that it reports: not, to, was
	finite                         // is, would: a sentence has it
	heShe                          // he, she
	otherPronoun                   // they, who, we
	noSubject                      // you, there, what: never a speaker
	clauseStart                    // what a reported clause begins with, without "that"
	weekday                        // and month
	particle                       // of a name: van, de
	title                          // Mr., Sen., Mayor
	bodyWord                       // Office, University
	notName                        // words with a capital letter, at the start of a sentence, that are no names
	place                          // New, San: names that begin so are of places
	question                       // whether, how
	personNoun                     // official, woman: somebody whom "he" or "she" may mean
	claimNoun                      // claim, argument: what somebody says, with "that"
	attitude                       // believes, knows: a cue for what somebody thinks and does not say
	past                           // took, went: tells that a clause stands there, as words on -ed do
)

// takes says what a cue can have for its content.
type takes uint8

const (
	quoted     takes = 1 << iota // a quotation; and words before it: …, she said
	thatClause                   // a clause with "that"
	bareClause                   // a clause without
	infinitive                   // to do something: vowed to leave; urged them to leave
	wording                      // any words: called it a disgrace
	questions                    // whether, how, why
	object                       // words for whom it is said come first: told reporters
)

// A word of the lexicon.
type lexeme struct {
	class class
	takes takes  // of a cue; 0 of other words
	with  string // words, one of which stands between a cue and its content: called for, pointed out
}

// lexicon holds all words that reading depends on.
var lexicon = func() map[string]lexeme {
	m := map[string]lexeme{}
	classes := func(c class, words string) {
		for w := range strings.FieldsSeq(words) {
			l := m[w]
			l.class |= c
			m[w] = l
		}
	}
	cues := func(t takes, words string) {
		for w := range strings.FieldsSeq(words) {
			l := m[w]
			l.takes |= t
			m[w] = l
		}
	}
	const said = quoted | thatClause
	cues(thatClause, `learned learns guessed guess reckons reckoned feel feels felt knows know knew knowing doubted doubts doubt realized realizes realizing suspects suspected imagines wishes wished decided decides ruled rules`)
	cues(said|bareClause, `said says say saying`)
	cues(said|bareClause|object|infinitive, `told tells tell telling`)
	cues(said, `added adds adding noted notes noting argued argues argue arguing warned warns warn warning announced announces announce announcing insisted insists insist insisting
		stressed stresses stressing explained explains explain explaining claimed claims claim claiming wrote writes write writing asked asks ask asking replied replies replying
		answered answers recalled recalls recalling suggested suggests suggest suggesting acknowledged acknowledges acknowledging admitted admits admit admitting conceded concedes conceding
		declared declares declaring stated stating confirmed confirms confirming predicted predicts predict predicting promised promises promise promising pledged pledges pledging vowed vows vowing
		remarked observed observes commented tweeted tweets tweeting continued concluded concludes concluding testified testifies complained complains complaining joked jokes joking quipped quips
		estimated estimates estimate estimating believed believes believe believing maintains maintaining contended contends contend contending asserted asserts assert asserting
		alleged alleges allege alleging countered counters responded responds emphasized emphasised emphasizes emphasizing emphasising reiterated reiterates reiterating cautioned cautions cautioning
		disclosed discloses disclosing revealed reveals revealing agreed agrees agree shouted shouts cried whispered muttered laughed repeated repeats reported reports report reporting
		thinks think hopes hope hoped hoping feared fears fear fearing advised advises emailed posted lamented laments lamenting boasted boasts boasting bragged brags mused reasoned retorted
		intoned exclaimed yelled screamed deadpanned tweaked elaborated proclaimed proclaims proclaiming finds found finding showed shows showing indicated indicates indicate indicating
		denied denies deny denying threatened threatens threatening signaled signalled signals signaling guaranteed assured assures assuring reminded reminds reminding informed notified
		worried worrying understood understands 
		implied implies implying hinted hints hinting charged charges charging theorized speculated speculates surmised figured figures opined affirmed reaffirmed
		swore swears vouched concurred joked snapped snarled sneered chimed interjected recounted recounts recounting described reflected taunted thundered ventured demanded demands demanding proposed proposes proposing
		recommended recommends recommending requested requests urged urges urging 
		 tweeting pointed points pointing`)
	cues(bareClause, `found finds believes believe believed thinks think hopes hope hoped fears fear feared claims claimed claim suggested suggests acknowledged admitted conceded insisted insists
		argued argues noted added adds adding announced predicted predicts explained estimated estimates warned denied wrote writes confirmed revealed concluded contends contended
		maintains asserted alleged stated declared recalled figured indicated indicates declares acknowledges admits concedes concludes insist argue predict warn suggest explain estimate declare admit concede acknowledge announce reveal reveals confirm conclude complain agree agrees deny denies
		contends write claims notes contend alleges predicts explains reveals confirms recalls worries complained complains joked cautioned observed testified emphasized stressed
		speculated learned learns guessed guess reckons reckoned feel feels felt knows know knew doubted doubts realized realizes suspects suspected imagines showed show showing claiming believing arguing noting insisting suggesting hoping vowed promised pledged promises
		worried assured reminded told agreed reported reports shows `)
	cues(infinitive|object, `ask urge`)
	cues(infinitive, `want wants wanted wanting seek seeks sought seeking plan plans planned planning intend intends intended aim aims aimed aiming wishes wished prefer prefers`)
	cues(infinitive|object, `expect expects expected expecting`)
	cues(infinitive|object, `ordered orders instructed instructs`)
	cues(infinitive, `vowed vows vowing promised promises promise promising pledged pledges pledge pledging hoping refusing refuse vow threatened threatens threatening agreed agrees offered offers offering refused refuses refusing
		declined declines swore asked asks asking demanded demands proposed proposes proposing hopes hope hoped hoping claimed claims claiming
		 
		urged urges urging encouraged encourages encouraging orders advised advises warned warns challenges instructed persuaded implored pressed`)
	cues(object, `urged urges urging encouraged encourages encouraging orders advised advises advising warned warns warning challenges instructed implored pressed assured assures assuring
		reminded reminds reminding informed notified persuaded asked asks asking tells promised `)
	cues(questions, `asked asks ask asking questioned questioning wondered wonders wonder wondering explained explains explaining described describes describing said says say saying
		recalled recalls recalling told tells suggested noted`)
	cues(quoted|wording, `called calls calling call described describes describing accused accuses accusing dubbed labeled labelled branded dismissed dismisses dismissing denounced denounces denouncing
		blasted blasts blasting criticized criticizes criticizing criticised slammed slams slamming mocked mocks mocking blamed blames blaming compared compares likened
		praised praises praising lauded rejected rejects rejecting questioned cited cites citing
		defended defends defending touted touts touting condemned condemns condemning characterized characterised derided assailed ripped decried hailed ridiculed bemoaned disputed disputes 
		referenced mentioned mentions highlighted highlights discussed bashed scolded rebuked chided berated lambasted `)
	cues(wording, `announces announce denies deny proposes predicts demands acknowledges acknowledge suggests promises emphasizes emphasizing stresses stressing reiterates reiterating outlines outlining recommends recommending
		urges urge urging confirms confirming alleges alleging explains recalling discloses disclosing reveals revealing laments lamenting repeats repeating concedes admits estimates requested requesting
		welcomed welcomes welcoming applauded applauds applauding`)
	cues(wording, `declared declares declaring shows showed show refuted refutes refuting announced announcing denied denying proposed proposes proposing predicted predicting demanded demands demanding acknowledged acknowledging suggested suggesting promised promising emphasized stressed reiterated outlined recommended urged urging confirmed claimed claiming alleged alleging reported noted noting explained explaining recalled estimated estimating vowed disclosed revealed lamented reported reporting repeated stated conceded admitted`)
	for w, with := range map[string]string{
		"called": "for on", "calls": "for on", "calling": "for on", "pointed": "out to", "points": "out to", "pointing": "out to", "referred": "to", "refers": "to", "referring": "to", "talked": "about of", "talks": "about of", "talking": "about of", "spoke": "about of",
		"speaks": "about of", "complained": "about of", "warned": "of about against", "warning": "of about against", "argued": "for against", "apologized": "for", "objected": "to", "hinted": "at", "alluded": "to", "campaigned": "on against for", "boasted": "of about", "bragged": "about",
		"joked": "about", "dreamed": "of", "worried": "about", "insisted": "on", "commented": "on", "refer": "to", "talk": "about of", "speak": "about", "expressed": "concern concerns confidence doubt doubts hope support outrage", "speaking": "about", "made": "clear", "makes": "clear", "making": "clear", "responded": "to", "agreed": "with", "testified": "about",
	} {
		l := m[w]
		l.with = with
		l.takes |= wording
		m[w] = l
	}

	classes(article, `the a an one two three four five six seven eight nine ten some many several few most all both other another no his her their its our my your dozens hundreds thousands each every any more critics
		aides officials advisers advisors supporters opponents experts analysts investigators prosecutors lawyers police authorities residents voters lawmakers researchers scientists economists doctors teachers republicans democrats conservatives
		liberals people others former top senior local federal state u.s british american`)
	classes(preposition, `of in at for from with near by to on over under between against about during after before since until despite unlike amid among within without through across into toward towards via upon including`)
	classes(conjunction, `and but as while though although because yet so or when if where since after before that whereas until unless whether for`)
	classes(auxiliary, `also later then once often still now again further recently repeatedly simply meanwhile only just always earlier today yesterday has had have ever already even too first himself herself themselves itself both never previously long`)
	classes(negative, `not never didn't don't doesn't didn’t don’t doesn’t cannot can't can’t won't wouldn't won’t wouldn’t hasn't hasn’t haven't haven’t hadn't hadn’t isn't isn’t wasn't wasn’t to is are was were be been being would could should might may must can will nobody none did does do`)
	classes(finite, `is are was were will would could should had has have must may might can do does did isn't isn’t wasn't wasn’t aren't aren’t won't won’t don't don’t doesn't doesn’t didn't didn’t can't can’t couldn't couldn’t wouldn't wouldn’t hasn't hasn’t`)
	classes(past, `was were had did took went came got gave made knew saw found kept lost won led met ran became began brought bought built broke chose drew drove fell felt fought grew heard held hurt
		let meant paid put read rose sat sent set shot showed spent spoke stood stole sold taught thought told understood woke wore wrote said needs wants goes gets makes takes seems looks knows means gives comes works feels helps`)
	for w := range strings.FieldsSeq(`he's she's it's that's there's they're we're you're i'm i've we've you've they've he'd she'd they'd we'd i'd he'll she'll it'll they'll we'll i'll you'll who's`) {
		classes(clauseStart|past, w)
		classes(clauseStart|past, strings.ReplaceAll(w, "'", "’"))
	}
	classes(attitude, `learned learns guessed guess reckons reckoned feel feels felt knows know knew knowing doubted doubts doubt realized realizes realizing suspects suspected imagines wishes wished decided decides
		believed believes believe believing thinks think hopes hope hoped hoping feared fears fear fearing worried worries worrying understood understands want wants wanted wanting seek seeks sought seeking plan plans planned planning
		intend intends intended expect expects expected expecting aim aims aimed aiming prefer prefers preferred`)
	classes(heShe, `he she`)
	classes(otherPronoun, `they it we i who`)
	classes(noSubject, `you there this these those which that what`)
	classes(clauseStart, `he she it they we i you there the this these those his her its their our my a an no if some many most both all such nobody everyone everybody people one two three`)
	classes(weekday, `monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december jan feb aug sept oct nov dec`)
	classes(particle, `de van von der den da di la le bin al el dos du`)
	classes(question, `whether how why what if who where when`)
	classes(personNoun, `official officials woman man girl boy resident neighbor neighbour voter aide friend mother father wife husband daughter son colleague witness worker employee student patient lawyer
		expert critic passenger driver doctor teacher spokesman spokeswoman spokesperson nurse lady gentleman child visitor customer member captain`)
	classes(claimNoun, `claim claims assertion assertions suggestion suggestions argument arguments promise promises warning warnings accusation accusations allegation allegations belief complaint complaints
		contention statement announcement prediction insistence remark remarks view conclusion concern concerns fear fears hope hopes idea charge charges pledge vow rumor rumors criticism`)
	classes(title, `mr mrs ms miss dr prof professor doctor president vice prime minister mayor mayoress governor gov sen senator rep representative congressman congresswoman
		judge justice captain capt chief inspector superintendent commissioner secretary chancellor king queen prince princess sir dame lord lady rev reverend father
		sister brother bishop archbishop pope cardinal general gen colonel col major maj lieutenant lt sergeant sgt officer director chairman chairwoman chairperson
		foreign health finance culture transport fisheries education interior defence defense justice economy agriculture environment housing labour labor harbour deputy former ambassador councillor councilman councilwoman alderman attorney
		state spokesman spokeswoman spokesperson midwife nurse coach detective speaker leader premier first acting emperor sheikh sultan admiral commander master mistress
		treasurer principal headmaster headmistress rabbi imam author analyst economist historian engineer farmer fisherman skipper pilot driver reporter editor
		democratic republican independent conservative socialist liberal communist democrat candidate nominee sheriff deputy district marshal mister madam madame ranger constable warden harbourmaster archaeologist conductor curator union trainer
		strategist adviser advisor manager host congressional senate lawmaker pastor lawyer counsel pollster correspondent anchor columnist supervisor executive investigator secretary-general owner founder activist challenger organizer billionaire businessman actor actress singer comedian ceo`)
	classes(bodyWord, `authority office ministry council union party company corp corporation inc ltd bank university institute association committee agency
		department service services group times post courier gazette mercury observer museum hospital house court police commission board foundation center centre news wire press administration
		campaign club society federation league organization organisation assembly parliament senate congress cabinet government army navy force guard network college school church fund trust bureau chamber
		tribune journal herald review magazine report study survey poll team city town county street road bridge river lake valley island bay port airport tower hall square park station avenue states kingdom republic act bill treaty summit conference coalition alliance project pac reserve`)
	classes(notName, `the a an but and yet still later then however meanwhile in on at for from with after before when while as if so since although though because also once there this that these those
		he she it they we you i his her its their our my who what which where why how not no yes all some many most several few one two three four five six seven eight nine ten officials critics experts researchers scientists analysts police authorities
		residents neighbours neighbors witnesses democrats republicans lawmakers others both neither nobody everybody everyone someone people sources supporters opponents reporters doctors nurses teachers students farmers fishermen
		asked speaking according earlier today yesterday tomorrow finally now perhaps even only just each every another other such lord god christmas easter voters aides prosecutors investigators polls conservatives liberals`)
	classes(place, `new north south east west united white supreme high great upper lower port lake mount cape los san saint st las el fort old`)
	return m
}()

// lexemeOf returns what the lexicon tells of a word in lower case.
func lexemeOf(lower string) *lexeme {
	if l := entries[lower]; l != nil {
		return l
	}
	return &noLexeme
}

var (
	noLexeme lexeme
	entries  = func() map[string]*lexeme {
		m := make(map[string]*lexeme, len(lexicon))
		for w, l := range lexicon {
			m[w] = &l
		}
		return m
	}()
)

func (l lexeme) is(c class) bool { return l.class&c != 0 }
