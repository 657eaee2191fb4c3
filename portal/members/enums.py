"""The short national and local code lists of a member's record; each value is the code of its standard."""

from __future__ import annotations

from portal.core.enums import LabelEnum


class Sex(LabelEnum):
    """GB/T 2261.1."""

    MALE = "1", "男"
    FEMALE = "2", "女"
    UNKNOWN = "0", "未知"
    UNSTATED = "9", "未说明"


class IdType(LabelEnum):
    """Local list; maps to JY/T 1001."""

    IDENTITY_CARD = "1", "居民身份证"
    PASSPORT = "2", "护照"
    HONGKONG_MACAO_PASS = "3", "港澳居民来往内地通行证"
    TAIWAN_PASS = "4", "台湾居民来往大陆通行证"
    RESIDENCE_CARD = "5", "港澳台居民居住证"
    FOREIGNER_CARD = "6", "外国人永久居留身份证"
    OFFICER_CARD = "7", "军官证"
    OTHER = "9", "其他"


class HouseholdType(LabelEnum):
    """GA 324.1, with the local L1 where a place no longer tells farmers from others (written as 8 on export)."""

    RESIDENT = "L1", "居民户口"
    URBAN_FAMILY = "1", "非农业家庭户口"
    RURAL_FAMILY = "2", "农业家庭户口"
    URBAN_COLLECTIVE = "3", "非农业集体户口"
    RURAL_COLLECTIVE = "4", "农业集体户口"
    OWN_GRAIN = "5", "自理口粮户口"
    LODGING = "6", "寄住户口"
    TEMPORARY = "7", "暂住户口"
    OTHER = "8", "其他户口"
    UNREGISTERED = "0", "未落常住户口"


class EmploymentForm(LabelEnum):
    """Local list."""

    ESTABLISHED = "1", "事业编制"
    PERSONNEL_AGENCY = "2", "人事代理"
    CONTRACT = "3", "劳动合同（非编）"
    DISPATCHED = "4", "劳务派遣"
    REHIRED = "5", "返聘"
    POSTDOCTORAL = "6", "博士后"
    TEMPORARY = "7", "临时/灵活就业"
    OTHER = "9", "其他"


class EmploymentStatus(LabelEnum):
    """ACFTU 就业状况."""

    AT_WORK = "1", "在岗"
    LAID_OFF = "2", "待（下）岗"
    UNEMPLOYED = "3", "失业"
    RETIRED = "4", "退休"
    VETERAN_RETIRED = "5", "离休"
    RESIGNED_WITH_PAY = "6", "退职"
    EARLY_RETIRED = "7", "退养（内退）"
    SICK_LEAVE = "8", "病休"
    OTHER = "9", "其他"


class PostCategory(LabelEnum):
    """Local list after JY/T 1001; who has two posts is counted by the main one."""

    TEACHER = "1", "专任教师"
    ADMINISTRATION = "2", "行政管理"
    TEACHING_SUPPORT = "3", "教辅"
    WORKER = "4", "工勤"
    RESEARCHER = "5", "专职科研"
    COUNSELLOR = "6", "思政辅导员"
    AFFILIATED = "7", "校办产业/附属"
    OTHER = "9", "其他"


class AdminRank(LabelEnum):
    """Local list: the rank that goes with field 17."""

    NONE = "0", "无"
    SCHOOL = "1", "校级"
    DIVISION = "2", "正处"
    DEPUTY_DIVISION = "3", "副处"
    SECTION = "4", "正科"
    DEPUTY_SECTION = "5", "副科"
    CLERK = "6", "科员"


class TitleLevel(LabelEnum):
    """GB/T 12407-2008, in the words of the page."""

    FULL = "411", "正高"
    ASSOCIATE = "412", "副高"
    MIDDLE = "420", "中级"
    ASSISTANT = "434", "助理级（初级）"
    STAFF = "435", "员级（初级）"
    SENIOR = "410", "高级（未分正副）"
    JUNIOR = "430", "初级（未分级）"
    NONE = "499", "无（未定职级）"


class SkillLevel(LabelEnum):
    """ACFTU 技术等级."""

    FIRST = "1", "职业资格一级（高级技师）"
    SECOND = "2", "职业资格二级（技师）"
    THIRD = "3", "职业资格三级（高级）"
    FOURTH = "4", "职业资格四级（中级）"
    FIFTH = "5", "职业资格五级（初级）"


class RetireTrack(LabelEnum):
    """Local list: the age of retirement before the reform of 2025, from which the new one is counted."""

    MAN_60 = "m60", "男 60 岁"
    WOMAN_60 = "f60", "女 60 岁"
    WOMAN_55 = "f55", "女 55 岁"
    WOMAN_50 = "f50", "女 50 岁"


class MembershipStatus(LabelEnum):
    """Local list; moves by steps only."""

    ACTIVE = "active", "正常"
    RETAINED = "retained", "保留会籍"
    TRANSFERRED_OUT = "transferred_out", "已转出"
    WITHDRAWN = "withdrawn", "退会"
    EXPELLED = "expelled", "除名"
    DECEASED = "deceased", "去世"
    MERGED = "merged", "已并入"


class ChangeType(LabelEnum):
    """ACFTU 会籍变化类型 1 to 6, and local codes from 7."""

    JOINED = "1", "入会"
    TRANSFERRED_IN = "2", "转入"
    RETAINED = "3", "保留会籍"
    TRANSFERRED_OUT = "4", "转出"
    EXPELLED = "5", "除名"
    WITHDRAWN = "6", "退会"
    RESTORED = "7", "恢复会籍"
    DIED = "8", "去世"
    MOVED_BRANCH = "9", "校内转会"
    MERGED = "10", "并入"


class ChangeReason(LabelEnum):
    """ACFTU 会籍变化原因 1 to 6, and local codes from 11."""

    EMPLOYMENT_CHANGED = "1", "劳动（工作）关系发生变化"
    LAID_OFF = "2", "在本单位下岗后待岗"
    UNEMPLOYED = "3", "失业"
    BANKRUPT = "4", "所在企业破产"
    OWN_WISH = "5", "个人要求退会"
    CRIME = "6", "因犯罪被开除会籍"
    RETIRED = "11", "退休"
    VETERAN_RETIRED = "12", "离休"
    LEFT = "13", "调离"
    DIED = "14", "去世"
    ARMY = "15", "服兵役"
    MOVED_BRANCH = "16", "校内调动"
    DUES_UNPAID = "17", "六个月不交会费视为自动退会"
    DUPLICATE = "18", "重复档案合并"


class Marital(LabelEnum):
    """GB/T 2261.2."""

    SINGLE = "10", "未婚"
    MARRIED = "20", "已婚"
    FIRST_MARRIAGE = "21", "初婚"
    REMARRIED = "22", "再婚"
    RESTORED_MARRIAGE = "23", "复婚"
    WIDOWED = "30", "丧偶"
    DIVORCED = "40", "离婚"
    UNSTATED = "90", "未说明"


MARRIED = frozenset({Marital.MARRIED, Marital.FIRST_MARRIAGE, Marital.REMARRIED, Marital.RESTORED_MARRIAGE})


class FamilyPlanning(LabelEnum):
    """Local list."""

    NONE = "0", "无"
    ONLY_CHILD_CERTIFICATE = "1", "持《独生子女父母光荣证》"
    BIRTH_REGISTERED = "2", "已办生育登记"
    ONE_CHILD_NO_CERTIFICATE = "3", "一孩未领证"
    OTHER = "9", "其他"


class Hobby(LabelEnum):
    """Local list."""

    BADMINTON = "01", "羽毛球"
    TABLE_TENNIS = "02", "乒乓球"
    BASKETBALL = "03", "篮球"
    FOOTBALL = "04", "足球"
    VOLLEYBALL = "05", "排球"
    TENNIS = "06", "网球"
    SWIMMING = "07", "游泳"
    RUNNING = "08", "健步/跑步"
    CYCLING = "09", "骑行"
    YOGA = "10", "瑜伽/健身"
    TAIJI = "11", "太极"
    DANCE = "12", "广场舞/舞蹈"
    SINGING = "13", "声乐/合唱"
    INSTRUMENT = "14", "乐器"
    CALLIGRAPHY = "15", "书画"
    PHOTOGRAPHY = "16", "摄影"
    CHESS_CARDS = "17", "棋牌"
    FISHING = "18", "钓鱼"
    TRAVEL = "19", "旅游"
    READING = "20", "阅读"
    COOKING = "21", "烹饪"
    GARDENING = "22", "园艺"
    HANDCRAFT = "23", "手工"
    OTHER = "99", "其他"


class HonorLevel(LabelEnum):
    """Local list."""

    NATIONAL = "1", "全国"
    MINISTRY_PROVINCE = "2", "省部"
    CITY = "3", "市"
    SCHOOL = "4", "校"


class PostKind(LabelEnum):
    """Local list of 工会职务."""

    UNION_CHAIR = "01", "校工会主席"
    UNION_VICE_CHAIR = "02", "校工会副主席"
    UNION_COMMITTEE = "03", "校工会委员"
    BRANCH_CHAIR = "04", "分工会主席"
    BRANCH_VICE_CHAIR = "05", "分工会副主席"
    BRANCH_COMMITTEE = "06", "分工会委员"
    GROUP_LEADER = "07", "工会小组长"
    AUDIT_COMMITTEE = "08", "经审委员"
    AUDIT_HEAD = "09", "经审委主任"
    WOMEN_COMMITTEE = "10", "女工委员"
    WOMEN_HEAD = "11", "女工委主任"
    DELEGATE = "12", "教代会代表"
    CONGRESS_EXECUTIVE = "13", "教代会执委"
    PROPOSAL_COMMITTEE = "14", "提案委员"
    DELEGATION_HEAD = "15", "代表团团长"
    CLUB_HEAD = "16", "协会会长"
