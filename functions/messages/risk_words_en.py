"""English: words for wanting to die, and the words around them."""

from typing import Final

from .risk_language import Language, Phrase

_WANT: Final = (
    r"(?:w(?:a?nt|nat|aant|atn|an)(?:ed|ing|s)? ?(?:too? )|want(?:ed|ing)? to |wan+a |wish(?:ed|ing)? (?:to |i could )"
    r"|ready to |plan(?:ning|s)? (?:to |on )|need to |hope (?:to |i )|try(?:ing)? to )"
)
_DIE: Final = r"(?:die|dei|dy(?=$|[^\w ])|d1e)"
_OF_NOTHING: Final = (
    r"(?! (?:(?:of|from|with|out of) (?:old age|natural causes|embarr?as+ment|shame|laugh\w*|boredom|cringe"
    r"|happiness|joy"
    r"|cuteness|curiosity|hunger|thirst|heat|jealousy|envy|excitement|the heat|the cold|second ?hand|pure)|laughing"
    r"|happy|old|peacefully|rich|smiling|for (?!good|real|sure|ever)|(?:on|upon) (?:this|that|the|every) hill"
    r"|a (?:happy|rich|hero|natural|little|free|good)|(?:my|his|her|their|the|this|some|these) "
    r"(?:hair|shirt|jeans|shoes|dress|eyebrows|roots|wool|fabric|clothes|eggs)|in (?:battle|a game|game|minecraft"
    r"|the game|elden)))"
)
_SELF: Final = r"(?:my ?self|meself|my own self)"
_LAUGHING: Final = (
    r"(?! (?:laughing|with laughter|(?:at|in) (?:work|the gym|the office|the park|training|practice|school)"
    r"|with (?:work|overtime|exercise)|trying to (?:get|make|finish|keep|fit|lift|learn|find|please|be)|over (?:this"
    r"|that|a|the)"
    r"|for (?:this|that|a|the|my) (?:job|exam|company|boss|deadline|test|team)|to (?:get|finish|meet|make) (?:this"
    r"|that|it|the)))"
)

LANGUAGE: Final = Language(
    phrases=(
        Phrase(
            "en-kill-myself",
            "myself self meself kms",
            rf"(?:k(?:il+|l+|iil|lil|ilel)(?:ing|in|ed|s)?|unaliv(?:e|ing)|(?<=to )off|(?<=wanna )off|(?<=gonna )off"
            rf"|(?<=just )off|(?<=of )offing|(?<=about )offing|end(?:ing)?|murder(?:ing)?) "
            rf"{_SELF}{_LAUGHING}|(?:gon+a|going to|wanna|want to|might|should|will|ill|just|to) kms",
            is_own=True,
        ),
        Phrase(
            "en-end-my-life",
            "end ending edn ended life lfie lief all",
            r"(?:end|edn)(?:ing|ed)? (?:my (?:own )?(?:life|lfie|lief)(?! (?:insurance|coach|membership|sentence))"
            r"|it all(?! with (?:a|the) (?:bang|song|party|cake|joke|toast))(?= *$| ?[^\w ]| (?:now|tonight|today"
            r"|soon|already"
            r"|please|and|but|by|right|because|before|for good|with (?:a|the|my) (?:gun|pill|rope|knife)|with pills"
            r"|so|if|when|i|im)))",
        ),
        Phrase(
            "en-take-my-life",
            "life lfie lief",
            r"tak(?:e|ing) my (?:own )?(?:life|lfie|lief)(?! (?:back|serious\w*|for granted|into|in (?:my own hands"
            r"|a |another)"
            r"|to (?:the|a|another)|one|day|story|as|apart|and turn|lightly|more|less))",
            is_own=True,
        ),
        Phrase(
            "en-want-to-die",
            "die dei dy d1e dead ded wantto",
            rf"{_WANT}(?:(?:really|just|simply|fucking|rather|literally) )?(?:{_DIE}|be (?:dead|ded)(?! (?:certain"
            rf"|sure|last|serious|honest"
            rf"|set|center|centre|weight|on)))\b{_OF_NOTHING}",
        ),
        Phrase(
            "en-wish-dead",
            "dead ded",
            r"(?:w(?:ish|sih|hish) (?:that )?i (?:was|were|wer)|be+t+er off?|rather be|i should be|want to be) "
            r"(?:dead|ded)(?! (?:tired|drunk|asleep|certain|sure|serious|honest|set|weight|last))",
        ),
        Phrase(
            "en-better-off",
            "without with",
            r"be+t+er of+? with ?out me(?! (?:on|in|at|for|as|there|around (?:to|when)))",
            is_own=True,
        ),
        Phrase(
            "en-suicidal",
            "suicidal suicidle",
            r"(?:fe+l(?:ing|s)?|feel like|am|im|i am|being|been|be|become|becoming|get(?:ting)?|so|really|very"
            r"|actively|still) "
            r"(?:(?!not|never|no|isnt|anti|less|of)\w+ )?suicid(?:al|le)\b|(?:have|having|had|get|getting|with|my"
            r"|these|constant) (?:\w+ )?suicidal "
            r"(?:thoughts?|ideations?|urges?|feelings?|ideas)",
        ),
        Phrase(
            "en-suicide-plan",
            "suicide sewerslide",
            r"(?:commit(?:t?ing)?|comit(?:t?ing)?|attempt(?:ing)?|contemplat(?:e|ing)|consider(?:ing)?"
            r"|plan(?:ning)?) (?:my )?(?:suicide|sewerslide)"
            r"(?! (?:squad|squeeze|prevention|mission))|(?:write|writing|wrote|written|my|have|got|made) (?:a |my "
            r"|the |out a )?suicide (?:plan|note|letter)"
            r"|(?:think(?:ing|in)?|thought|thoughts|thnking) (?:a lot )?(?:about|of|abt|on) (?:\w+ )?(?:suicide"
            r"|sewerslide)"
            r"(?! (?:squad|rates?|prevention|awareness|statistics|research|hotlines?|policy|bomb\w*|door|drink"
            r"|mission))",
        ),
        Phrase(
            "en-not-live",
            "live alive exist here living wake existing",
            r"(?:dont|do not|dnt|dont even|no longer|never|didnt|not) (?:really |even |just )?(?:want(?:ed"
            r"|ing)? (?:too? )?|wan+a |wnat to |wish to )(?:"
            r"(?:live|be alive|exist|keep living|go on living|keep existing)(?! (?:here|there|in|with|at|near|next"
            r"|on|off|under|by|alone"
            r"|together|without|like|as|far|close|through|up|down|out|among|inside|outside|paycheck|a |my|under))"
            r"|(?:be here|wake up)(?= *$|[^\w ]| [^\w ]| any ?more| any longer| again| at all| tomorrow| ever"
            r"| on this (?:earth|planet)))",
        ),
        Phrase(
            "en-not-wake-up",
            "wake sleep",
            r"(?:hope|hoping|wish|pray(?:ing)?) (?:that )?i (?:dont|do not|never|wont|wouldnt|would not"
            r"|didnt) (?:ever )?wake up(?! (?:late|early|at|in time|to|on)\b)"
            r"|(?:go to sleep|fall asleep|sleep|close my eyes) (?:and|n) (?:never"
            r"|not) (?:have to )?wake up(?! (?:late|early|at|in|until|till|before|on))",
        ),
        Phrase(
            "en-no-reason",
            "reason point worth",
            r"what(?:s| is| even is) the point (?:of|in) (?:living|being alive|going on|existing)(?! (?:here|there"
            r"|in|with|like|at|on|about|to)\b)|(?:no|not any|not a single|without any|havent any|dont have any"
            r"|dont see (?:any|a)|cant find (?:any|a)) (?:more )?(?:reason|point) (?:to|in|of|for) "
            r"(?:live|living|being alive|be alive|going on|go on|keep living|stay alive|staying alive|existing)"
            r"(?! (?:here|there|in|with|at|near|next|on|off|under|by|alone|together|like|about|to|strike|through|a ))"
            r"|(?:life|living|lif) (?:isnt|is not|aint|not|just isnt|is no longer|doesnt feel) worth (?:living"
            r"|it(?= *$|[^\w ]))",
        ),
        Phrase(
            "en-way-to-die",
            "way ways",
            r"(?:painless|least painful|easiest|easy|quickest|fastest|quick|best"
            r"|surest) (?:and \w+ )?ways? to (?:die|kill my ?self|end (?:it all|my life)|commit suicide"
            r"|go out for good)",
        ),
        Phrase(
            "en-method",
            "myself self wrist wrists bridge building roof cliff train overdose overdosing od brains throat pills"
            " bottle rope tracks window traffic",
            rf"(?:hang(?:ing)?|hagn|drown(?:ing)?|poison(?:ing)?|strangl(?:e|ing)|suffocat(?:e|ing)) {_SELF}"
            r"(?! (?:out to dry|in (?:work|music|books|coffee|wine|chocolate|ice cream|homework|netflix|sorrow|tears"
            r"|chores|studies)|with (?:work|caffeine|sugar)|up on|on every))"
            rf"|shoot(?:ing)? {_SELF}(?! (?:in the foot|on (?:camera|video|film)|with (?:a|my) (?:camera|phone)))"
            r"|(?:slit(?:ting)?|slash(?:ing)?|cut(?:ting)?) my (?:own )?(?:wrists?|throat)"
            r"(?! (?:on|while|by accident|accidentally|opening|shaving|bands?|off|watch|when))"
            r"|blow(?:ing)? my (?:own )?(?:fucking )?brains? out|put(?:ting)? a bullet (?:in|through) my (?:head"
            r"|brain|skull)"
            r"|(?:want to|wanna|going to|gon+a|ready to|about to|will|ill|could|should|might|thinking (?:about|of)"
            r"|thought (?:about|of)|to) (?:just )?(?:"
            r"(?:overdos(?:e|ing)|od)(?! on (?:chocolate|caffeine|coffee|ice|cookies|sugar|netflix|cake|candy|tea"
            r"|pizza|memes|cuteness|football|tv|vitamin))"
            r"|jump(?:ing)? (?:off|of|from|in front of|out of) (?:of )?(?:a|the|this|my) (?:\w+ )?(?:bridge|building"
            r"|roof|cliff|train|balcony|window|bus|truck)"
            r"(?! (?:with a (?:bungee|parachute)|into the (?:sea|water|lake|pool|snow)|and swim|for charity))"
            r"|(?:take|swallow|down) (?:all (?:of )?(?:my|the|these) (?:pills|meds|tablets)|the whole bottle"
            r"|a (?:whole )?bottle of pills))",
            is_own=True,
        ),
    ),
    denials=(
        r"no|not|never|dont|do not|didnt|doesnt|does not|wouldnt|would not|wont|will not|isnt|arent|aint|wasnt"
        r"|havent|hadnt|nor|neither|without"
        r"|(?:not|isnt|wasnt) (?:that|because|like|as if|saying|suggesting|as though) (?:i|im|that i)|(?:dont|do not"
        r"|didnt|cant) (?:think|believe|imagine|say) (?:that )?(?:i|im|id|ill)"
        r"|(?:doesnt|does not|didnt) mean (?:that )?(?:i|im|id)|used to|stop(?:ped|s)?|quit|instead of|rather than"
        r"|far from|free (?:of|from)|longer|nothing to do with"
        r"|promise(?:d)? (?:\w+ )?(?:not to|i wont|i will not|never to)|glad i (?:didnt|did not)|relieved i (?:didnt"
        r"|did not)|refuse to|denies|denied|zero|barely|hardly"
    ),
    leads=(
        r"longer|ever|even|really|actually|currently|just|here|any|at|all|have|having|had|be|being|been|feel|feeling"
        r"|felt|going|gon+a|want|wanting"
        r"|wanted|wanna|wish|desire|intend|intending|intentions?|plans?|planning|try|trying|tried|think|thinking"
        r"|thoughts?|thought|about|of|to|will|would|a|an|or"
        r"|hurt|harm|urge|urges|active|actively|seriously|once|again|anymore|today|that|am|im|i am|myself|get"
        r"|getting|the|my|and|consider|considered|considering"
    ),
    asks="why",
    turns="but|because|cause|cuz|bc|though|although|however|yet|and yet",
    selves="i|im|ive|id|ill|iam|me|myself",
    others=(
        r"(?:someone|somebody|people|a (?:guy|girl|man|woman|person|friend)) (?:that |who )?i (?:know|knew|love|met)"
        r"|he|she|they|hes|shes|theyre|hed|shed|theyd|who|whos|you|youre|youd|people|someone|somebody|anyone|anybody"
        r"|everyone|everybody|others|patients?|characters?|friends|family|kids|children|teens|teenagers|veterans"
        r"|students|men|women|survivors"
        r"|(?:my|his|her|their|our|your|the|a|an|some|this|that) (?:\w+ )?(?:friends?|brother|sister|mom|mum|mother"
        r"|dad|father|parents?|son|daughter|kids?|child|children|uncle"
        r"|aunt|cousin|husband|wife|boyfriend|girlfriend|partner|ex|boss|coworker|colleague|neighbou?r|teacher"
        r"|student|roommate|flatmate|classmate|client|man|woman|guy|girl|boy"
        r"|teen|teenager|grandma|grandmother|grandpa|grandfather|nephew|niece|actor|singer|character|hero|heroine"
        r"|protagonist|patient|celebrity|player|bestie|bff|dog|cat|robot|phone|laptop|battery|car|plants?|computer)"
        r"|[A-Za-z]*romeo|juliet|hamlet"
    ),
    says=(
        r"said|says|say|saying|told|tells|telling|texted|texts|wrote|writes|written|screamed|screams|yelled|yells"
        r"|shouted|whispered|goes|went|was like|is like|be like|posted|posts"
        r"|tweeted|sings|sang|singing|sung|asked|asks|admitted|confessed|claimed|claims|mentioned|cried|muttered"
        r"|joked|jokes|replied|answered|announced|keeps saying|kept saying|called"
    ),
    works=(
        r"songs?|lyrics?|movies?|films?|books?|novels?|poems?|titles?|titled|headlines?|articles?|posters?|shows?"
        r"|episodes?|series|scenes?|lines?|quotes?|quoted|characters?|verses?|chorus"
        r"|tracks?|albums?|bands?|memes?|jokes?|captions?|hashtags?|phrases?|words?|sentences?|expressions?|signs?"
        r"|shirts?|play|hamlet|podcasts?|documentar(?:y|ies)|essays?|plot|script"
        r"|chapters?|reads|labell?ed|question|questionnaire|item|survey|translat\w*|means"
    ),
    keywords="myself suicide suicidal overdose wrists unalive hanging killing drowning sewerslide committing",
    not_slips="overdoes suicida suicides hinging banging killings wrist",
)
